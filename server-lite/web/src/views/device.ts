// One device: its name and state, what can be done with it as a whole, and a tab for each kind of work.

import { Ends, type App, type View } from "../app.ts";
import { order } from "../control.ts";
import { fill, h } from "../dom.ts";
import { bare, has, restricted, RIGHT, type DeviceNode } from "../model.ts";
import { go, to } from "../router.ts";
import { line } from "../text.ts";
import { ask } from "../ui/dialog.ts";
import { menu } from "../ui/menu.ts";
import { attempt } from "../ui/notice.ts";
import { move, presenceDot, reconnect, remove } from "./devices.ts";
import { consoleTab } from "./device-console.ts";
import { coreTab } from "./device-core.ts";
import { desktopTab } from "./device-desktop.ts";
import { detailsTab } from "./device-details.ts";
import { deviceEventsTab } from "./events.ts";
import { filesTab } from "../files/tab.ts";
import { processesTab } from "./device-processes.ts";
import { servicesTab } from "./device-services.ts";
import { terminalTab } from "./device-terminal.ts";

/** A part of a device's page; made when it is first looked at, and alive until the page is left. */
export interface Tab {
  readonly element: HTMLElement;
  dispose(): void;
  /** Called whenever it comes into sight. */
  shown?(): void;
}

interface Kind {
  name: string;
  label: string;
  /** Why the user may not use it, or nothing. */
  refused(rights: number): boolean;
  make(app: App, node: () => DeviceNode | undefined, id: string): Tab;
}

const control = (rights: number) => !has(rights, RIGHT.remoteControl);

const KINDS: Kind[] = [
  { name: "details", label: "Details", refused: () => false, make: detailsTab },
  {
    name: "terminal",
    label: "Terminal",
    refused: (rights) => control(rights) || restricted(rights, RIGHT.noTerminal),
    make: terminalTab,
  },
  {
    name: "files",
    label: "Files",
    refused: (rights) => control(rights) || restricted(rights, RIGHT.noFiles),
    make: filesTab,
  },
  {
    name: "desktop",
    label: "Desktop",
    refused: (rights) => restricted(rights, RIGHT.noDesktop) || (control(rights) && !(rights & 0x100)),
    make: desktopTab,
  },
  { name: "processes", label: "Processes", refused: control, make: processesTab },
  { name: "services", label: "Services", refused: control, make: servicesTab },
  {
    name: "console",
    label: "Console",
    refused: (rights) => !has(rights, RIGHT.remoteControl | RIGHT.agentConsole),
    make: consoleTab,
  },
  { name: "events", label: "Events", refused: () => false, make: deviceEventsTab },
  {
    name: "core",
    label: "Core",
    refused: (rights) => !has(rights, RIGHT.remoteControl | RIGHT.agentConsole),
    make: coreTab,
  },
];

export function devicePage(app: App, path: string[]): View {
  const short = path[1] ?? "";
  const id = `node//${short}`;
  const ends = new Ends();
  const node = () => app.model.devices.get(id);
  const title = h("h1", { class: "ellipsis" });
  const state = h("span", { class: "device-state" });
  const actions = h("div", { class: "device-actions" });
  const tabs = h("nav", { class: "tabs", "aria-label": "Parts of the device" });
  const body = h("div", { class: "tab-body" });
  const element = h(
    "section",
    { class: "page fill device" },
    h("div", { class: "device-head" }, h("a", { href: to("devices"), class: "back", "aria-label": "All devices" }, "‹"), title, state, actions),
    tabs,
    body,
  );
  const open = new Map<string, Tab>();
  let present = path[2] ?? "details";

  function view(name: string): void {
    const rights = app.model.rightsOver(node());
    const kind = KINDS.find((one) => one.name === name) ?? KINDS[0]!;
    present = kind.name;
    for (const link of tabs.querySelectorAll<HTMLAnchorElement>("a")) {
      if (link.dataset["tab"] === present) {
        link.setAttribute("aria-current", "page");
        link.scrollIntoView({ block: "nearest", inline: "nearest" });
      } else link.removeAttribute("aria-current");
    }
    if (!node()) return drawMissing();
    if (kind.refused(rights)) {
      for (const tab of open.values()) tab.element.hidden = true;
      body.querySelector(".empty")?.remove();
      body.append(h("div", { class: "empty" }, h("h2", null, "You may not do this"), h("p", null, "Your rights over this device do not include it.")));
      return;
    }
    body.querySelector(":scope > .empty")?.remove();
    let tab = open.get(present);
    if (!tab) {
      tab = kind.make(app, node, id);
      tab.element.classList.add("tab");
      open.set(present, tab);
      body.append(tab.element);
    }
    for (const [one, other] of open) other.element.hidden = one !== present;
    tab.shown?.();
  }

  function drawMissing(): void {
    for (const tab of open.values()) tab.element.hidden = true;
    body.querySelector(":scope > .empty")?.remove();
    body.append(
      h(
        "div",
        { class: "empty" },
        app.model.loaded
          ? [h("h2", null, "There is no such device"), h("p", null, "It was removed, or you may not see it."), h("a", { href: to("devices") }, "To the devices")]
          : h("p", { class: "loading" }, "Loading the device…"),
      ),
    );
  }

  function drawHead(): void {
    const device = node();
    fill(title, device ? line(device.name, 80) || "(no name)" : line(short, 16));
    if (!device) {
      fill(state);
      fill(actions);
      return;
    }
    const group = app.model.groups.get(device.group);
    fill(
      state,
      presenceDot(device),
      device.conn ? "connected" : "not connected",
      group ? [" · ", h("a", { href: to("group", bare(group._id)) }, line(group.name, 40))] : null,
    );
    fill(actions, menu("Actions", "more", items(app, device)));
  }

  function drawTabs(): void {
    const rights = app.model.rightsOver(node());
    const shown = KINDS.filter((kind) => !kind.refused(rights));
    fill(
      tabs,
      shown.map((kind) =>
        h("a", { href: to("device", short, kind.name), "data-tab": kind.name, "aria-current": kind.name === present ? "page" : null }, kind.label),
      ),
    );
  }

  let known = Boolean(node());
  let rightsBefore = app.model.rightsOver(node());
  let headBefore = "";
  ends.add(
    app.model.watch((change) => {
      if (change.kind === "event" || (change.kind === "device" && change.id !== id)) return;
      const device = node();
      // Only what is shown: a menu that is open must not vanish for nothing.
      const head = JSON.stringify([device?.name, device?.conn, device?.group, device?.coretrouble, app.model.groups.get(device?.group ?? "")?.name]);
      if (head !== headBefore) drawHead();
      headBefore = head;
      const rights = app.model.rightsOver(device);
      if (Boolean(device) !== known || rights !== rightsBefore || !app.model.loaded) {
        known = Boolean(device);
        rightsBefore = rights;
        drawTabs();
        view(present);
      } else if (!device) view(present);
    }),
  );
  ends.add(() => {
    for (const tab of open.values()) tab.dispose();
  });
  drawHead();
  drawTabs();
  view(present);
  return {
    get title() {
      return line(node()?.name ?? "Device", 60);
    },
    element,
    dispose: ends.run,
    moved(next) {
      if (next[0] !== "device" || next[1] !== short) return false;
      view(next[2] ?? "details");
      return true;
    },
  };
}

function items(app: App, device: DeviceNode): [string, () => unknown, ("danger" | undefined)?][] {
  const rights = app.model.rightsOver(device);
  const list: [string, () => unknown, ("danger" | undefined)?][] = [];
  const nodeids = [device._id];
  const name = line(device.name, 60);
  if (has(rights, RIGHT.runCommands)) {
    list.push([
      "Run a command…",
      () => {
        app.selected.clear();
        app.selected.add(device._id);
        go("run");
      },
    ]);
  }
  if (device.conn && has(rights, RIGHT.remoteControl)) {
    list.push([
      "Show a message…",
      () =>
        ask({
          title: `A message on ${name}`,
          fields: [
            { name: "title", label: "Title", value: "Message", maxlength: 128, required: true },
            { name: "msg", label: "Text", type: "textarea", maxlength: 2000, required: true },
          ],
          confirm: "Show",
          action: (values) =>
            order(app.control, { action: "msg", type: "messagebox", nodeid: device._id, title: values["title"], msg: values["msg"], timeout: 120_000 }),
        }),
    ]);
  }
  const power = (label: string, actiontype: number, text: string) =>
    list.push([
      `${label}…`,
      () =>
        ask({
          title: `${label} ${name}?`,
          text: h("p", null, text),
          confirm: label,
          danger: true,
          action: () => order(app.control, { action: "poweraction", nodeids, actiontype }),
        }),
      "danger",
    ]);
  if (device.conn && has(rights, RIGHT.power)) {
    power("Restart", 3, "Everything that runs on the device ends, and it starts again.");
    power("Power off", 2, "The device stays off until somebody, or a wake-up packet, turns it on.");
    power("Sleep", 4, "The device answers no more until it is woken.");
  }
  if (!device.conn && has(rights, RIGHT.wake)) {
    list.push(["Wake up", () => attempt("Waking", () => order(app.control, { action: "wakedevices", nodeids }), "A wake-up packet was asked for.")]);
  }
  if (device.conn && has(rights, RIGHT.remoteControl | RIGHT.agentConsole)) {
    list.push(["Reconnect the agent", () => reconnect(app, device._id)]);
  }
  if (has(rights, RIGHT.manageDevices)) {
    list.push(["Move to another group…", () => move(app, nodeids)]);
    list.push([
      "Remove…",
      async () => {
        if (await remove(app, nodeids)) go("devices");
      },
      "danger",
    ]);
  }
  return list;
}
