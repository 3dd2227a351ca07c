// One's own account: password, second factor, API tokens, signed-in browsers.

import { api, session } from "../api.ts";
import { Ends, type App, type View } from "../app.ts";
import { fill, h, type Child } from "../dom.ts";
import { ago, moment } from "../format.ts";
import { line } from "../text.ts";
import { ask, show, type Field } from "../ui/dialog.ts";
import { copyable } from "../ui/copy.ts";
import { attempt, notice, reason } from "../ui/notice.ts";
import { qr } from "../ui/qr.ts";

interface Account {
  user: { id: string; name: string; site: number };
  totp?: boolean;
  recoveryCodesLeft?: number;
}

interface Token {
  id: string;
  name: string;
  created: number;
  expires: number;
  used?: number;
  scopes?: string[] | null;
}

interface Browser {
  number: string;
  created: number;
  seen: number;
  expires: number;
  address: string;
  program: string;
  current: boolean;
}

const SCOPES: [name: string, about: string][] = [
  ["devices:read", "see devices"],
  ["devices:write", "change and remove devices"],
  ["run", "run commands"],
  ["sessions", "terminal, files, desktop"],
  ["power", "restart and power off"],
  ["groups:write", "change groups and their members"],
  ["users:write", "change accounts"],
  ["events:read", "see events"],
  ["admin", "everything, this account included"],
];

const LIVES: [seconds: string, label: string][] = [
  ["2592000", "30 days"],
  ["7776000", "90 days"],
  ["31536000", "a year"],
  ["", "until it is revoked"],
];

export function accountPage(app: App): View {
  const ends = new Ends();
  const about = card("Account");
  const second = card("Second factor");
  const tokens = card("API tokens");
  const browsers = card("Signed-in browsers");
  const element = h(
    "section",
    { class: "page fill" },
    h("h1", null, "Your account"),
    h("div", { class: "scroll" }, h("div", { class: "cards" }, about.element, second.element, tokens.element, browsers.element)),
  );

  function drawAbout(account: Account): void {
    about.set(
      h("p", null, h("strong", null, line(account.user.name, 64)), account.user.site >>> 0 === 0xffffffff ? ", administrator of this server" : ""),
      h("button", { type: "button", onclick: () => void changePassword() }, "Change the password"),
    );
  }

  async function changePassword(): Promise<void> {
    const done = await ask({
      title: "Change the password",
      text: h("p", null, "Everything else that is signed in with the old one ends."),
      fields: [
        { name: "old", label: "Present password", type: "password", required: true, maxlength: 1024, autocomplete: "current-password" },
        { name: "new", label: "New password", type: "password", required: true, maxlength: 1024, autocomplete: "new-password" },
        { name: "again", label: "New password again", type: "password", required: true, maxlength: 1024, autocomplete: "new-password" },
      ],
      confirm: "Change it",
      action: (values) => {
        if (values["new"] !== values["again"]) throw new Error("The two new passwords differ.");
        return api("POST", "account/password", { old: values["old"], new: values["new"] });
      },
    });
    if (done) notice("The password was changed.", "good");
    load();
  }

  function drawSecond(account: Account): void {
    if (!account.totp) {
      second.set(
        h("p", null, "Signing in asks for the password only. An authenticator on your phone makes that a second thing that a thief would need."),
        h("button", { type: "button", class: "primary", onclick: () => void enrol() }, "Add an authenticator"),
      );
      return;
    }
    second.set(
      h("p", null, "Signing in asks for a code of your authenticator."),
      h("p", { class: (account.recoveryCodesLeft ?? 0) < 3 ? "bad-text" : "muted" }, `${account.recoveryCodesLeft ?? 0} recovery codes are left.`),
      h(
        "div",
        { class: "button-row" },
        h("button", { type: "button", onclick: () => void newCodes() }, "New recovery codes"),
        h("button", { type: "button", class: "danger", onclick: () => void removeSecond() }, "Remove"),
      ),
    );
  }

  async function enrol(): Promise<void> {
    let made: { secret: string; url: string } | null = null;
    const first = await ask({
      title: "Add an authenticator",
      fields: [{ name: "password", label: "Your password", type: "password", required: true, autocomplete: "current-password" }],
      confirm: "Next",
      action: async (values) => {
        made = await api<{ secret: string; url: string }>("POST", "account/totp", { password: values["password"] });
      },
    });
    if (!first || !made) return;
    const { secret, url } = made as { secret: string; url: string };
    let codes: string[] = [];
    const confirmed = await ask({
      title: "Scan this code",
      text: [
        h("p", null, "With the authenticator on your phone; or type the secret into it."),
        h("div", { class: "qr-box" }, qr(url, "QR code for the authenticator")),
        copyable(secret, "the secret"),
      ],
      fields: [{ name: "code", label: "The code it shows now", required: true, maxlength: 8, autocomplete: "one-time-code" }],
      confirm: "Switch it on",
      action: async (values) => {
        codes = (await api<{ recoveryCodes: string[] }>("POST", "account/totp/confirm", { code: values["code"]!.trim() })).recoveryCodes;
      },
    });
    if (confirmed) await showCodes(codes);
    load();
  }

  async function newCodes(): Promise<void> {
    let codes: string[] = [];
    const done = await ask({
      title: "New recovery codes",
      text: h("p", null, "The old ones are good for nothing then."),
      fields: [{ name: "code", label: "A code of your authenticator", required: true, maxlength: 32, autocomplete: "one-time-code" }],
      confirm: "Make them",
      action: async (values) => {
        codes = (await api<{ recoveryCodes: string[] }>("POST", "account/totp/recovery", { code: values["code"]!.trim() })).recoveryCodes;
      },
    });
    if (done) await showCodes(codes);
    load();
  }

  function showCodes(codes: string[]): Promise<void> {
    return show(
      "Recovery codes",
      h("p", null, "Each signs you in once without the authenticator. Keep them where you would find them without your phone: they are shown this once."),
      h("pre", { class: "codes" }, codes.slice(0, 32).map((code) => line(code, 40)).join("\n")),
    );
  }

  async function removeSecond(): Promise<void> {
    const done = await ask({
      title: "Remove the second factor?",
      fields: [{ name: "password", label: "Your password", type: "password", required: true, autocomplete: "current-password" }],
      confirm: "Remove",
      danger: true,
      action: (values) => api("POST", "account/totp/remove", { password: values["password"] }),
    });
    if (done) load();
  }

  function drawTokens(list: Token[]): void {
    tokens.set(
      h("p", null, "For programs: the REST interface and the command line tool. A token can do no more than its scopes, nor than you."),
      list.length > 0
        ? rows(
            ["Name", "Scopes", "Made", "Used", "Ends", ""],
            list.slice(0, 200).map((token) => [
              line(token.name, 64),
              token.scopes ? token.scopes.map((scope) => line(scope, 20)).join(", ") : "all (login token)",
              moment(token.created),
              token.used ? ago(token.used) : "never",
              token.expires ? moment(token.expires) : "never",
              h("button", { type: "button", class: "small danger", "aria-label": `Revoke ${line(token.name, 64)}`, onclick: () => void revoke(token) }, "Revoke"),
            ]),
          )
        : h("p", { class: "muted" }, "No token."),
      h("button", { type: "button", onclick: () => void newToken() }, "New token"),
    );
  }

  async function newToken(): Promise<void> {
    let secret = "";
    const done = await ask({
      title: "New API token",
      fields: [
        { name: "name", label: "What it is for", required: true, maxlength: 64 },
        { name: "life", label: "Ends after", type: "select", options: LIVES },
        ...SCOPES.map(([name, label]): Field => ({ name, label: `${name}: ${label}`, type: "checkbox", value: String(name === "devices:read") })),
      ],
      confirm: "Make it",
      action: async (values) => {
        const scopes = SCOPES.map(([name]) => name).filter((name) => values[name] === "true");
        if (scopes.length === 0) throw new Error("A token without a scope can do nothing.");
        const body = { name: values["name"], scopes, ...(values["life"] ? { expiresIn: Number(values["life"]) } : {}) };
        secret = (await api<{ token: string }>("POST", "tokens", body)).token;
      },
    });
    if (!done) return;
    await show("Your token", h("p", null, "It is shown this once. Whoever has it can do what its scopes say."), copyable(secret, "the token"));
    load();
  }

  async function revoke(token: Token): Promise<void> {
    const done = await ask({
      title: `Revoke ${line(token.name, 64)}?`,
      text: h("p", null, "What is open by it ends at once."),
      confirm: "Revoke",
      danger: true,
      action: () => api("DELETE", `tokens/${encodeURIComponent(token.id)}`),
    });
    if (done) load();
  }

  function drawBrowsers(list: Browser[]): void {
    browsers.set(
      rows(
        ["Address", "Program", "Since", "Last seen", ""],
        list.slice(0, 200).map((one) => [
          line(one.address, 45),
          h("span", { class: "ellipsis short", title: line(one.program, 300) }, line(one.program, 60)),
          moment(one.created),
          one.current ? "this one" : ago(one.seen),
          one.current
            ? null
            : h(
                "button",
                {
                  type: "button",
                  class: "small danger",
                  "aria-label": `Sign out the browser at ${line(one.address, 45)}`,
                  onclick: async () => {
                    if (await attempt("Signing out", () => api("DELETE", `account/sessions/${encodeURIComponent(one.number)}`), "That browser is signed out.")) load();
                  },
                },
                "Sign out",
              ),
        ]),
      ),
    );
  }

  function load(): void {
    const into = async <T>(place: Card, get: () => Promise<T>, draw: (value: T) => void) => {
      try {
        const value = await get();
        if (!ends.signal.aborted) draw(value);
      } catch (error) {
        if (!ends.signal.aborted) place.set(h("p", { class: "bad-text" }, reason(error)));
      }
    };
    void into(
      about,
      async () => (await session()) ?? app.session,
      (account) => {
        drawAbout(account);
        drawSecond(account);
      },
    );
    void into(tokens, () => api<{ tokens: Token[] }>("GET", "tokens"), (answer) => drawTokens(answer.tokens ?? []));
    void into(browsers, () => api<{ sessions: Browser[] }>("GET", "account/sessions"), (answer) => drawBrowsers(answer.sessions ?? []));
  }

  load();
  return { title: "Your account", element, dispose: ends.run };
}

interface Card {
  element: HTMLElement;
  set(...children: Child[]): void;
}

function card(title: string): Card {
  const body = h("div", null, h("p", { class: "loading" }, "Loading…"));
  return { element: h("div", { class: "card wide" }, h("h2", null, title), body), set: (...children) => fill(body, ...children) };
}

function rows(heads: string[], lines: Child[][]): HTMLElement {
  return h(
    "div",
    { class: "table-box" },
    h(
      "table",
      null,
      h("thead", null, h("tr", null, heads.map((label) => h("th", { scope: "col" }, label)))),
      h("tbody", null, lines.map((cells) => h("tr", null, cells.map((cell) => h("td", null, cell))))),
    ),
  );
}
