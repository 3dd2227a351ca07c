// The frame around all pages: navigation, connection, theme, and which page is shown.

import { api, type Session } from "./api.ts";
import { type App, type View, still } from "./app.ts";
import { connect } from "./control.ts";
import { fill, h } from "./dom.ts";
import { Model } from "./model.ts";
import { parts, to } from "./router.ts";
import { line } from "./text.ts";
import { icon } from "./ui/icons.ts";
import { attempt } from "./ui/notice.ts";
import { nextTheme, theme } from "./ui/theme.ts";
import { accountPage } from "./views/account.ts";
import { devicePage } from "./views/device.ts";
import { devicesPage } from "./views/devices.ts";
import { eventsPage } from "./views/events.ts";
import { groupPage, groupsPage } from "./views/groups.ts";
import { runPage } from "./views/run.ts";
import { usersPage } from "./views/users.ts";

const SITE_USERS = 0x2;

/** Shows the console in `root` until the session ends; then `ended` with the reason, if there is one to tell. */
export function startShell(root: HTMLElement, session: Session, ended: (why?: string) => void): void {
  let view: View | null = null;
  const stopped = new AbortController();
  const control = connect((cause) => leave(cause === "noauth" ? "Your session has ended. Sign in again." : `The server ended the session (${line(cause, 40)}).`));
  const app: App = { control, model: new Model(control), session, selected: new Set() };

  const leave = (why?: string) => {
    if (stopped.signal.aborted) return;
    stopped.abort();
    control.close();
    view?.dispose();
    view = null;
    document.querySelectorAll("dialog").forEach((dialog) => dialog.close());
    ended(why);
  };

  const main = h("main", { id: "main", tabindex: "-1" });
  const banner = h("div", { class: "banner", role: "alert" });
  banner.hidden = true;
  const links: [HTMLAnchorElement, string[]][] = [
    [navigation("Devices", to("devices")), ["devices", "device", "run", ""]],
    [navigation("Groups", to("groups")), ["groups", "group"]],
    [navigation("Events", to("events")), ["events"]],
  ];
  const users: [HTMLAnchorElement, string[]] = [navigation("Users", to("users")), ["users"]];
  users[0].hidden = !((session.user.site >>> 0) & SITE_USERS);
  links.push(users);

  const account = h(
    "a",
    { href: to("account"), class: "nav-link account", title: "Your account" },
    line(session.user.name, 24),
  );
  links.push([account, ["account"]]);
  const themeButton = h("button", { type: "button", class: "quiet", onclick: () => label(nextTheme()) }, icon("sun"));
  const label = (now: string) => {
    themeButton.title = `Theme: ${now}`;
    themeButton.setAttribute("aria-label", `Theme: ${now}. Change`);
  };
  label(theme());
  const signOut = h(
    "button",
    {
      type: "button",
      class: "quiet",
      title: "Sign out",
      "aria-label": "Sign out",
      onclick: async () => {
        if (await attempt("Signing out", () => api("POST", "sign-out"))) leave();
      },
    },
    icon("out"),
  );

  fill(
    root,
    h(
      "a",
      {
        class: "skip",
        href: "#main",
        onclick: (event: Event) => {
          event.preventDefault();
          main.focus();
        },
      },
      "Skip to content",
    ),
    h(
      "header",
      { class: "top" },
      h("a", { href: to("devices"), class: "brand" }, h("img", { src: "/favicon.svg", alt: "", width: 22, height: 22 }), h("span", null, "Meshlite")),
      h("nav", { "aria-label": "Main" }, links.slice(0, 4).map(([link]) => link)),
      h("div", { class: "top-end" }, account, themeButton, signOut),
    ),
    banner,
    main,
  );

  let countdown = 0;
  control.watch((state, nextTryMs) => {
    clearInterval(countdown);
    if (state === "open" || state === "closed") {
      banner.hidden = true;
      return;
    }
    if (state === "connecting" && banner.hidden) return;
    const until = Date.now() + nextTryMs;
    const draw = () => {
      const left = Math.max(0, Math.ceil((until - Date.now()) / 1000));
      fill(
        banner,
        state === "connecting" ? "Connecting to the server…" : `The connection to the server is lost. Next try in ${left} s. `,
        state === "lost" ? h("button", { type: "button", onclick: () => control.retry() }, "Try now") : null,
      );
    };
    banner.hidden = false;
    draw();
    // A banner with a button that is pressed must not be redrawn under the finger: once a second is slow enough.
    if (state === "lost") countdown = window.setInterval(draw, 1000);
  });

  const route = () => {
    const path = parts();
    const first = path[0] ?? "";
    for (const [link, names] of links) {
      if (names.includes(first)) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
    if (!view?.moved?.(path)) {
      view?.dispose();
      view = page(app, path);
      fill(main, view.element);
      main.scrollTop = 0;
    }
    document.title = `${view.title} · Meshlite`;
  };
  addEventListener("hashchange", route, { signal: stopped.signal });
  addEventListener(
    "keydown",
    (event) => {
      if (event.key !== "/" || event.ctrlKey || event.altKey || event.metaKey) return;
      const at = event.target as HTMLElement;
      if (at.closest("input, textarea, select, dialog, [contenteditable], .xterm, .desktop")) return;
      const search = main.querySelector<HTMLInputElement>("input[type=search]");
      if (!search) return;
      event.preventDefault();
      search.focus();
      search.select();
    },
    { signal: stopped.signal },
  );
  route();
}

function navigation(text: string, href: string): HTMLAnchorElement {
  return h("a", { href, class: "nav-link" }, text);
}

function page(app: App, path: string[]): View {
  switch (path[0] ?? "devices") {
    case "devices":
      return devicesPage(app);
    case "device":
      return devicePage(app, path);
    case "groups":
      return groupsPage(app);
    case "group":
      return groupPage(app, path[1] ?? "");
    case "run":
      return runPage(app);
    case "events":
      return eventsPage(app);
    case "users":
      return usersPage(app);
    case "account":
      return accountPage(app);
    default:
      return still(
        "Not found",
        h("section", { class: "page" }, h("h1", null, "There is no such page"), h("a", { href: to("devices") }, "To the devices")),
      );
  }
}
