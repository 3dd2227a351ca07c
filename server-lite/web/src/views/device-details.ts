// What the device is: what it said of itself, and what people wrote about it.

import { Ends, type App } from "../app.ts";
import { order } from "../control.ts";
import { fill, h, type Child } from "../dom.ts";
import { ago, bytes, moment } from "../format.ts";
import { bare, has, isRecord, RIGHT, type DeviceNode } from "../model.ts";
import { asText, block, line } from "../text.ts";
import { ask } from "../ui/dialog.ts";
import type { Tab } from "./device.ts";

export function detailsTab(app: App, node: () => DeviceNode | undefined, id: string): Tab {
  const ends = new Ends();
  const about = h("div", { class: "cards" });
  const hardware = h("div", { class: "card wide" }, h("h2", null, "Hardware"), h("p", { class: "loading" }, "Loading…"));
  const network = h("div", { class: "card wide" }, h("h2", null, "Network"), h("p", { class: "loading" }, "Loading…"));
  const element = h("div", { class: "scroll" }, about, h("div", { class: "cards" }, hardware, network));
  let last: unknown = null;
  let asked = 0;

  function draw(): void {
    const device = node();
    if (!device) return;
    const manage = has(app.model.rightsOver(device), RIGHT.manageDevices);
    fill(
      about,
      h(
        "div",
        { class: "card" },
        h("h2", null, "Device"),
        list([
          ["Name", line(device.name, 256)],
          ["Host name", line(device.rname, 256)],
          ["Description", device.desc ? h("span", { class: "pre" }, block(device.desc, 1024)) : null],
          ["Tags", device.tags.length > 0 ? device.tags.map((tag) => h("span", { class: "tag" }, line(tag, 64))) : null],
          ["System", line(device.osdesc, 200)],
          ["People signed in", device.users.slice(0, 20).map((name) => line(name, 40)).join(", ")],
          ["Id", h("code", { class: "id" }, bare(device._id))],
        ]),
        manage ? h("button", { type: "button", onclick: () => void edit(app, device) }, "Rename, describe, tag") : null,
      ),
      h(
        "div",
        { class: "card" },
        h("h2", null, "Connection"),
        list([
          ["State", device.conn ? "connected" : "not connected"],
          ["Connected since", device.agct ? `${moment(device.agct)} (${ago(device.agct)})` : null],
          ["Last seen", !device.conn && last ? `${moment(last)} (${ago(last)})` : null],
          ["First seen", device.firstconnect ? moment(device.firstconnect) : null],
          ["Address", line(device.ip, 60)],
          ["Agent", `type ${device.agent.id}${device.agent.root === null ? "" : device.agent.root ? ", runs as root" : ", not root"}`],
          ["Core", line(device.agent.core, 80)],
          ["Core trouble", device.coretrouble ? h("span", { class: "bad-text" }, block(device.coretrouble, 500)) : null],
          ["Sessions", sessions(device)],
          ["End-to-end encryption", device.meshlite?.secure ? "yes, between this page and the agent" : "not offered by this agent"],
        ]),
      ),
    );
  }

  async function load(): Promise<void> {
    if (Date.now() - asked < 5_000) return;
    asked = Date.now();
    const [seen, sys, net] = await Promise.allSettled([
      app.control.ask({ action: "lastconnect", nodeid: id }),
      app.control.ask({ action: "getsysinfo", nodeid: id, nodeinfo: true }),
      app.control.ask({ action: "getnetworkinfo", nodeid: id }),
    ]);
    if (ends.signal.aborted) return;
    if (seen.status === "fulfilled") last = seen.value["time"];
    draw();
    drawHardware(sys.status === "fulfilled" ? sys.value : {});
    drawNetwork(net.status === "fulfilled" ? net.value : {});
  }

  function drawHardware(answer: Record<string, unknown>): void {
    const found = answer["hardware"];
    const rows = isRecord(found) ? flatten(found) : [];
    fill(
      hardware,
      h("h2", null, "Hardware"),
      rows.length > 0
        ? [list(rows), moment(answer["time"]) ? h("p", { class: "muted" }, `as of ${moment(answer["time"])}`) : null]
        : h("p", { class: "muted" }, "The device has told nothing of its hardware, or you may not see it."),
    );
  }

  function drawNetwork(answer: Record<string, unknown>): void {
    const found = isRecord(answer["netif2"]) ? Object.entries(answer["netif2"]).slice(0, 64) : [];
    const rows = found.flatMap(([name, addresses]) =>
      (Array.isArray(addresses) ? addresses : [])
        .filter(isRecord)
        .slice(0, 32)
        .map((one) =>
          h(
            "tr",
            null,
            h("td", null, line(name, 40)),
            h("td", null, h("code", null, line(one["address"], 50))),
            h("td", { title: line(one["netmask"], 50) }, line(one["netmask"], 16)),
            h("td", null, line(one["gateway"], 50)),
            h("td", null, h("code", null, line(one["mac"], 24))),
          ),
        ),
    );
    fill(
      network,
      h("h2", null, "Network"),
      rows.length > 0
        ? h(
            "div",
            { class: "table-box" },
            h(
              "table",
              null,
              h("thead", null, h("tr", null, ["Interface", "Address", "Mask", "Gateway", "MAC"].map((head) => h("th", { scope: "col" }, head)))),
              h("tbody", null, rows),
            ),
          )
        : h("p", { class: "muted" }, "The device has told nothing of its network, or you may not see it."),
    );
  }

  ends.add(
    app.model.watch((change) => {
      if (change.kind === "event" || (change.kind === "device" && change.id !== id)) return;
      draw();
    }),
  );
  draw();
  return { element, dispose: ends.run, shown: () => void load() };
}

async function edit(app: App, device: DeviceNode): Promise<void> {
  await ask({
    title: "Rename, describe, tag",
    fields: [
      { name: "name", label: "Name", value: asText(device.name), maxlength: 256, hint: "Empty: the device's own name." },
      { name: "desc", label: "Description", type: "textarea", value: asText(device.desc), maxlength: 1024 },
      { name: "tags", label: "Tags", value: device.tags.join(", "), maxlength: 2048, hint: "Separated by commas." },
    ],
    confirm: "Save",
    action: (values) =>
      order(app.control, {
        action: "changedevice",
        nodeid: device._id,
        name: values["name"]!.trim(),
        desc: values["desc"],
        tags: values["tags"]!.split(",").map((tag) => tag.trim()).filter(Boolean),
      }),
  });
}

/** Rows of a description list; rows without a value are left out. */
export function list(rows: [string, Child][]): HTMLElement {
  return h(
    "dl",
    null,
    rows
      .filter(([, value]) => value !== null && value !== undefined && value !== "" && value !== false)
      .map(([name, value]) => h("div", null, h("dt", null, name), h("dd", null, value))),
  );
}

function sessions(device: DeviceNode): string {
  return Object.entries(device.sessions)
    .map(([kind, count]) => `${line(kind, 20)}: ${count}`)
    .join(", ");
}

const MOST_ROWS = 60;

/** Names and values of a report of any shape, two levels deep. */
function flatten(report: Record<string, unknown>): [string, Child][] {
  const rows: [string, Child][] = [];
  const add = (name: string, value: unknown) => {
    if (rows.length >= MOST_ROWS) return;
    const text = name.endsWith("_kib") ? bytes(Number(value) * 1024) : line(value, 160);
    if (text) rows.push([title(name.replace(/_kib$/, "")), text]);
  };
  for (const [name, value] of Object.entries(report).slice(0, 40)) {
    if (isRecord(value)) {
      for (const [below, one] of Object.entries(value).slice(0, 40)) {
        if (isRecord(one)) for (const [third, last] of Object.entries(one).slice(0, 20)) add(`${below} ${third}`, last);
        else add(below, one);
      }
    } else if (name !== "hash") add(name, value);
  }
  return rows;
}

function title(name: string): string {
  const text = line(name, 60).replace(/_/g, " ");
  return text.charAt(0).toUpperCase() + text.slice(1);
}
