// All devices, by group: who is there, found by typing, ticked for a command.

import { Ends, type App, type View } from "../app.ts";
import { order } from "../control.ts";
import { fill, h, listen } from "../dom.ts";
import { ago, moment } from "../format.ts";
import { bare, has, RIGHT, type DeviceNode, type Group } from "../model.ts";
import { go, to } from "../router.ts";
import { line } from "../text.ts";
import { ask } from "../ui/dialog.ts";
import { icon } from "../ui/icons.ts";
import { attempt, notice } from "../ui/notice.ts";
import { virtualList } from "../ui/virtual.ts";

type Row = { group: Group; count: number; online: number } | { device: DeviceNode };

const ROW = 44;

/** Search text and filters, kept while other pages are looked at. */
const kept = { search: "", group: "", presence: "", tag: "" };

export function devicesPage(app: App): View {
  const { model, selected } = app;
  const ends = new Ends();
  const search = h("input", {
    type: "search",
    class: "grow",
    placeholder: "Search name, host, address, system, tag   ( / )",
    "aria-label": "Search devices",
    value: kept.search,
    maxlength: 200,
    oninput: () => {
      kept.search = search.value;
      draw();
    },
    onkeydown: (event: KeyboardEvent) => {
      if (event.key === "ArrowDown") {
        event.preventDefault();
        list.focus(rows.findIndex((row) => "device" in row));
      } else if (event.key === "Escape" && search.value !== "") {
        search.value = kept.search = "";
        draw();
      }
    },
  });
  const group = h("select", { "aria-label": "Group", onchange: () => choose("group", group.value) });
  const presence = h(
    "select",
    { "aria-label": "Presence", onchange: () => choose("presence", presence.value) },
    h("option", { value: "" }, "All"),
    h("option", { value: "online" }, "Connected"),
    h("option", { value: "offline" }, "Not connected"),
  );
  const tag = h("select", { "aria-label": "Tag", onchange: () => choose("tag", tag.value) });
  const count = h("span", { class: "muted", role: "status" });
  const actions = h("div", { class: "selection", role: "toolbar", "aria-label": "With the ticked devices" });
  const message = h("div", { class: "empty" });
  const list = virtualList<Row>("Devices", ROW, rowKey, drawRow);
  const everything = h("input", {
    type: "checkbox",
    "aria-label": "Tick all devices shown",
    title: "Tick all devices shown",
    onchange: () => {
      for (const row of rows) {
        if (!("device" in row)) continue;
        if (everything.checked) selected.add(row.device._id);
        else selected.delete(row.device._id);
      }
      list.redraw();
      drawSelection();
    },
  });
  const element = h(
    "section",
    { class: "page fill devices" },
    h("h1", { class: "visually-hidden" }, "Devices"),
    h("div", { class: "toolbar" }, h("label", { class: "tick" }, everything), search, presence, group, tag, count),
    actions,
    message,
    list.element,
  );
  let rows: Row[] = [];

  function choose(what: "group" | "presence" | "tag", value: string): void {
    kept[what] = value;
    draw();
  }

  function draw(): void {
    options();
    rows = rowsOf(app);
    list.set(rows);
    const shown = rows.filter((row) => "device" in row).length;
    const online = rows.reduce((sum, row) => sum + ("device" in row ? 0 : row.online), 0);
    fill(count, model.loaded ? `${shown} device${shown === 1 ? "" : "s"}, ${online} connected` : "");
    drawMessage(shown);
    drawSelection();
  }

  function drawMessage(shown: number): void {
    message.hidden = model.loaded && shown > 0;
    list.element.hidden = !message.hidden;
    if (!model.loaded) fill(message, h("p", { class: "loading" }, "Loading the devices…"));
    else if (model.groups.size === 0)
      fill(
        message,
        h("h2", null, "No device group yet"),
        h("p", null, "Devices belong to groups. Make one, and install the agent with its settings."),
        h("a", { class: "button primary", href: to("groups") }, "Make a group"),
      );
    else if (model.devices.size === 0) {
      const first = [...model.groups.values()][0]!;
      fill(
        message,
        h("h2", null, "No device yet"),
        h("p", null, "A group's page has the settings file and the command that installs an agent."),
        h("a", { class: "button primary", href: to("group", bare(first._id)) }, `Add a device to ${line(first.name, 40)}`),
      );
    } else if (shown === 0)
      fill(
        message,
        h("h2", null, "Nothing matches"),
        h("button", { type: "button", onclick: clear }, "Show all devices"),
      );
  }

  function clear(): void {
    search.value = kept.search = kept.group = kept.presence = kept.tag = "";
    draw();
    search.focus();
  }

  function options(): void {
    const groups = [...model.groups.values()].sort(byName);
    fillSelect(group, "All groups", groups.map((one) => [one._id, line(one.name, 40)]), kept.group);
    const tags = new Set<string>();
    for (const device of model.devices.values()) for (const one of device.tags) tags.add(one);
    const named = [...tags].sort().slice(0, 500);
    fillSelect(tag, "All tags", named.map((one) => [one, line(one, 40)]), kept.tag);
    tag.hidden = tags.size === 0 && kept.tag === "";
    group.hidden = groups.length < 2 && kept.group === "";
    presence.value = kept.presence;
  }

  function drawSelection(): void {
    for (const id of selected) if (model.loaded && !model.devices.has(id)) selected.delete(id);
    const shown = rows.filter((row) => "device" in row);
    const ticked = shown.filter((row) => "device" in row && selected.has(row.device._id)).length;
    everything.checked = shown.length > 0 && ticked === shown.length;
    everything.indeterminate = ticked > 0 && ticked < shown.length;
    actions.hidden = selected.size === 0;
    if (selected.size === 0) return fill(actions);
    fill(
      actions,
      h("strong", null, `${selected.size} ticked`),
      h("button", { type: "button", class: "primary", onclick: () => go("run") }, icon("run"), "Run a command"),
      h("button", { type: "button", onclick: () => void move(app, [...selected]) }, "Move"),
      h("button", { type: "button", class: "danger", onclick: () => void remove(app, [...selected]) }, "Remove"),
      h(
        "button",
        {
          type: "button",
          class: "quiet",
          onclick: () => {
            selected.clear();
            list.redraw();
            drawSelection();
          },
        },
        "Untick all",
      ),
    );
  }

  function drawRow(row: Row): HTMLElement {
    if (!("device" in row)) {
      return h(
        "div",
        { class: "row group-row" },
        h("a", { href: to("group", bare(row.group._id)), "data-part": "main", class: "ellipsis" }, line(row.group.name)),
        h("span", { class: "muted" }, `${row.online} of ${row.count} connected`),
      );
    }
    const { device } = row;
    const rights = model.rightsOver(device);
    const online = Boolean(device.conn);
    const tick = h("input", {
      type: "checkbox",
      "data-part": "tick",
      "aria-label": `Tick ${line(device.name)}`,
      checked: selected.has(device._id),
      onchange: () => {
        if (tick.checked) selected.add(device._id);
        else selected.delete(device._id);
        made.classList.toggle("ticked", tick.checked);
        drawSelection();
      },
    });
    const id = bare(device._id);
    const made = h(
      "div",
      { class: `row device-row${selected.has(device._id) ? " ticked" : ""}` },
      h("label", { class: "tick" }, tick),
      presenceDot(device),
      h("a", { href: to("device", id), class: "name ellipsis", "data-part": "main" }, line(device.name) || "(no name)"),
      h("span", { class: "cell system ellipsis" }, line(device.osdesc, 60)),
      h("span", { class: "cell address ellipsis" }, line(device.ip, 45)),
      h("span", { class: "cell tags" }, device.tags.slice(0, 3).map((one) => h("span", { class: "tag" }, line(one, 20)))),
      h("span", { class: "cell since ellipsis", title: moment(device.agct) }, online ? (device.agct ? `since ${ago(device.agct).replace(" ago", "")}` : "connected") : "offline"),
      h(
        "span",
        { class: "row-actions" },
        online && has(rights, RIGHT.remoteControl)
          ? [
              shortcut(device, "terminal", "Terminal", "terminal"),
              shortcut(device, "files", "Files", "files"),
            ]
          : null,
      ),
    );
    return made;
  }

  let frame = 0;
  ends.add(
    model.watch((change) => {
      if (change.kind === "event") return;
      cancelAnimationFrame(frame);
      frame = requestAnimationFrame(draw);
    }),
  );
  ends.add(() => cancelAnimationFrame(frame));
  listen(
    element,
    "keydown",
    (event) => {
      if (event.key !== " " || (event.target as HTMLElement).dataset["part"] !== "main") return;
      const tick = (event.target as HTMLElement).closest(".device-row")?.querySelector<HTMLInputElement>("input");
      if (!tick) return;
      event.preventDefault();
      tick.click();
    },
    ends.signal,
  );
  draw();
  return { title: "Devices", element, dispose: ends.run };
}

/** A dot and a word for screen readers. */
export function presenceDot(device: DeviceNode): HTMLElement {
  const online = Boolean(device.conn);
  const trouble = device.coretrouble ? " trouble" : "";
  const text = online ? (device.coretrouble ? "connected, its core failed" : "connected") : "not connected";
  return h("span", { class: `dot ${online ? "on" : "off"}${trouble}`, role: "img", "aria-label": text, title: text });
}

/** Asks where to, and moves. */
export async function move(app: App, nodeids: string[]): Promise<boolean> {
  const targets = [...app.model.groups.values()]
    .filter((group) => has(app.model.rightsFor(group._id), RIGHT.manageDevices))
    .sort(byName);
  if (targets.length === 0) {
    notice("There is no group you may move devices to.", "bad");
    return false;
  }
  const done = await ask({
    title: nodeids.length === 1 ? "Move the device" : `Move ${nodeids.length} devices`,
    fields: [
      {
        name: "group",
        label: "To the group",
        type: "select",
        options: targets.map((group) => [group._id, line(group.name, 60)]),
      },
    ],
    confirm: "Move",
    action: (values) => order(app.control, { action: "changeDeviceMesh", nodeids, meshid: values["group"] }),
  });
  return done !== null;
}

/** Asks, and removes. */
export async function remove(app: App, nodeids: string[]): Promise<boolean> {
  const named = nodeids.map((id) => app.model.devices.get(id)?.name ?? bare(id));
  const done = await ask({
    title: nodeids.length === 1 ? "Remove the device?" : `Remove ${nodeids.length} devices?`,
    text: [
      h("p", null, named.slice(0, 8).map((name) => line(name, 40)).join(", "), named.length > 8 ? ` and ${named.length - 8} more` : ""),
      h("p", null, "The server forgets them. An agent that still runs comes back as a new device; uninstall it first if it shall not."),
    ],
    confirm: "Remove",
    danger: true,
    action: () => order(app.control, { action: "removedevices", nodeids }),
  });
  if (done) for (const id of nodeids) app.selected.delete(id);
  return done !== null;
}

/** Ends the connection of an agent; it comes back at once. */
export function reconnect(app: App, nodeid: string): Promise<boolean> {
  return attempt(
    "Disconnecting",
    () => order(app.control, { action: "agentdisconnect", nodeid, disconnectMode: 2 }),
    "The agent was told to connect again.",
  );
}

function shortcut(device: DeviceNode, tab: string, label: string, picture: "terminal" | "files"): HTMLElement {
  return h(
    "a",
    {
      href: to("device", bare(device._id), tab),
      class: "button small",
      title: `${label} of ${line(device.name)}`,
      "aria-label": `${label} of ${line(device.name)}`,
      "data-part": tab,
    },
    icon(picture),
    h("span", null, label),
  );
}

function rowKey(row: Row): string {
  return "device" in row ? row.device._id : row.group._id;
}

function rowsOf(app: App): Row[] {
  const words = kept.search.toLowerCase().split(/\s+/).filter(Boolean);
  const byGroup = new Map<string, DeviceNode[]>();
  for (const device of app.model.devices.values()) {
    if (kept.group && device.group !== kept.group) continue;
    if (kept.presence && (kept.presence === "online") !== Boolean(device.conn)) continue;
    if (kept.tag && !device.tags.includes(kept.tag)) continue;
    if (words.length > 0) {
      const text = [device.name, device.rname, device.ip, device.osdesc, device.desc, ...device.tags]
        .map((part) => part.slice(0, 300))
        .join("\n")
        .toLowerCase();
      if (!words.every((word) => text.includes(word))) continue;
    }
    const list = byGroup.get(device.group);
    if (list) list.push(device);
    else byGroup.set(device.group, [device]);
  }
  const rows: Row[] = [];
  const groups = [...app.model.groups.values()].sort(byName);
  // Devices that are shared one by one, out of groups that the user does not see.
  for (const id of byGroup.keys()) {
    if (!app.model.groups.has(id)) groups.push({ _id: id, name: "Shared with you", desc: "", creation: 0, links: {} });
  }
  for (const group of groups) {
    const devices = byGroup.get(group._id);
    if (!devices) continue;
    devices.sort(byName);
    const online = devices.filter((device) => device.conn).length;
    rows.push({ group, count: devices.length, online });
    for (const device of devices) rows.push({ device });
  }
  return rows;
}

function fillSelect(select: HTMLSelectElement, all: string, options: [string, string][], value: string): void {
  fill(select, h("option", { value: "" }, all), options.map(([key, label]) => h("option", { value: key }, label)));
  select.value = value;
}

const collator = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });

function byName(a: { name: string; _id: string }, b: { name: string; _id: string }): number {
  return collator.compare(a.name.slice(0, 300), b.name.slice(0, 300)) || (a._id < b._id ? -1 : 1);
}
