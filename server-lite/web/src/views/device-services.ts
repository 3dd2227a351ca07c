// The services of the device: started, stopped, started again.

import { Ends, type App } from "../app.ts";
import { order } from "../control.ts";
import { fill, h } from "../dom.ts";
import { isRecord, type DeviceNode } from "../model.ts";
import { asText, line } from "../text.ts";
import { ask } from "../ui/dialog.ts";
import { icon } from "../ui/icons.ts";
import { attempt, reason } from "../ui/notice.ts";
import { sortedTable } from "../ui/table.ts";
import type { Tab } from "./device.ts";
import { askDevice, entriesOf } from "./device-ask.ts";

export interface Service {
  name: string;
  label: string;
  state: string;
  start: string;
}

const MOST = 5000;

export function servicesTab(app: App, _node: () => DeviceNode | undefined, id: string): Tab {
  const ends = new Ends();
  const status = h("span", { class: "session-status", role: "status" });
  let all: Service[] = [];
  const search = h("input", { type: "search", class: "grow", placeholder: "Search services", "aria-label": "Search services", oninput: () => draw() });
  const table = sortedTable<Service>(
    "Services",
    [
      { label: "State", sort: (row) => row.state, cell: (row) => h("span", { class: `state ${running(row) ? "good-text" : "muted"}` }, line(row.state, 20)) },
      { label: "Service", sort: (row) => row.name, cell: (row) => line(row.name, 80) },
      { label: "Description", class: "wide-cell", sort: (row) => row.label, cell: (row) => line(row.label, 120) },
      { label: "Starts", sort: (row) => row.start, cell: (row) => line(row.start, 20) },
      {
        label: "",
        class: "buttons",
        cell: (row) => [
          running(row) ? act("Restart", "serviceRestart", row) : act("Start", "serviceStart", row),
          running(row) ? act("Stop", "serviceStop", row) : null,
        ],
      },
    ],
    1,
    "No service to show.",
  );
  const element = h(
    "div",
    { class: "list-tab" },
    h("div", { class: "toolbar" }, search, h("button", { type: "button", onclick: () => void load() }, icon("refresh"), "Refresh"), status),
    table.element,
  );

  function act(label: string, type: string, row: Service): HTMLElement {
    return h(
      "button",
      {
        type: "button",
        class: type === "serviceStop" ? "small danger" : "small",
        "aria-label": `${label} ${line(row.name, 60)}`,
        onclick: async () => {
          const go = () => order(app.control, { action: "msg", type, nodeid: id, serviceName: row.name });
          const done =
            type === "serviceStart"
              ? await attempt(label, go)
              : await ask({ title: `${label} ${line(row.name, 60)}?`, confirm: label, danger: true, action: go });
          if (done) setTimeout(() => void load(), 1200);
        },
      },
      label,
    );
  }

  function draw(): void {
    const words = search.value.toLowerCase();
    const shown = words ? all.filter((one) => `${one.name} ${one.label} ${one.state}`.toLowerCase().includes(words)) : all;
    table.set(shown);
    if (all.length > 0) fill(status, `${shown.length} of ${all.length}`);
  }

  async function load(): Promise<void> {
    fill(status, "Asking the device…");
    try {
      const answer = await askDevice(app, id, { type: "services" });
      if (ends.signal.aborted) return;
      all = readServices(answer["value"]);
      draw();
      if (all.length === 0) fill(status, "The device has no service manager that its agent knows.");
    } catch (error) {
      fill(status, h("span", { class: "bad-text" }, reason(error)));
    }
  }

  let begun = false;
  return {
    element,
    dispose: ends.run,
    shown() {
      if (begun) return;
      begun = true;
      void load();
    },
  };
}

function running(service: Service): boolean {
  return /^(running|active)/i.test(service.state);
}

/** Reads the answer of `services`: JSON text of a list, in the shapes that agents use. */
export function readServices(value: unknown): Service[] {
  return entriesOf(value, MOST, "services").map(([key, one]) => ({
    name: asText(one["name"] ?? key),
    label: asText(one["displayName"] ?? one["description"]),
    state: asText(isRecord(one["status"]) ? one["status"]["state"] : (one["status"] ?? one["state"] ?? one["serviceStatus"])),
    start: asText(one["startType"]),
  }));
}
