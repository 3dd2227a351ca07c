// What runs on the device, and ending it.

import { Ends, type App } from "../app.ts";
import { order } from "../control.ts";
import { fill, h } from "../dom.ts";
import { bytes } from "../format.ts";
import type { DeviceNode } from "../model.ts";
import { asText, line } from "../text.ts";
import { ask } from "../ui/dialog.ts";
import { icon } from "../ui/icons.ts";
import { reason } from "../ui/notice.ts";
import { sortedTable } from "../ui/table.ts";
import type { Tab } from "./device.ts";
import { askDevice, entriesOf } from "./device-ask.ts";

export interface Process {
  pid: number;
  name: string;
  user: string;
  memory: number;
  cpu: number;
}

const MOST = 20_000;

export function processesTab(app: App, node: () => DeviceNode | undefined, id: string): Tab {
  const ends = new Ends();
  const status = h("span", { class: "session-status", role: "status" });
  let all: Process[] = [];
  const search = h("input", { type: "search", class: "grow", placeholder: "Search processes", "aria-label": "Search processes", oninput: () => draw() });
  const table = sortedTable<Process>(
    "Processes",
    [
      { label: "PID", class: "number", sort: (row) => row.pid, cell: (row) => row.pid },
      { label: "Command", class: "wide-cell", sort: (row) => row.name, cell: (row) => h("span", { class: "ellipsis", title: line(row.name, 500) }, line(row.name, 200)) },
      { label: "User", sort: (row) => row.user, cell: (row) => line(row.user, 40) },
      { label: "Memory", class: "number", descending: true, sort: (row) => row.memory, cell: (row) => (row.memory > 0 ? bytes(row.memory) : "") },
      {
        label: "",
        cell: (row) =>
          h("button", { type: "button", class: "small danger", "aria-label": `End process ${row.pid}`, onclick: () => void end(row) }, "End"),
      },
    ],
    0,
    "No process to show.",
  );
  const element = h(
    "div",
    { class: "list-tab" },
    h("div", { class: "toolbar" }, search, h("button", { type: "button", onclick: () => void load() }, icon("refresh"), "Refresh"), status),
    table.element,
  );

  function draw(): void {
    const words = search.value.toLowerCase();
    const shown = words ? all.filter((one) => `${one.pid} ${one.name} ${one.user}`.toLowerCase().includes(words)) : all;
    table.set(shown);
    if (all.length > 0) fill(status, `${shown.length} of ${all.length}`);
  }

  async function load(): Promise<void> {
    fill(status, "Asking the device…");
    try {
      const answer = await askDevice(app, id, { type: "ps" });
      if (ends.signal.aborted) return;
      all = readProcesses(answer["value"]);
      draw();
    } catch (error) {
      fill(status, h("span", { class: "bad-text" }, reason(error)));
    }
  }

  async function end(row: Process): Promise<void> {
    const done = await ask({
      title: `End process ${row.pid}?`,
      text: h("p", { class: "mono" }, line(row.name, 200)),
      confirm: "End it",
      danger: true,
      action: () => order(app.control, { action: "msg", type: "pskill", nodeid: id, value: `${row.pid}|${row.name}` }),
    });
    if (done) setTimeout(() => void load(), 700);
  }

  ends.add(() => undefined);
  let begun = false;
  return {
    element,
    dispose: ends.run,
    shown() {
      if (begun || !node()) return;
      begun = true;
      void load();
    },
  };
}

/** Reads the answer of `ps`: JSON text of an object by pid, or of a list. */
export function readProcesses(value: unknown): Process[] {
  return entriesOf(value, MOST, "processes").map(([key, one]) => ({
    pid: Number(one["pid"] ?? key) || 0,
    name: asText(one["cmd"] ?? one["name"] ?? one["command"]),
    user: asText(one["user"]),
    memory: Number(one["mem"] ?? one["rss"] ?? 0) || (Number(one["kib"]) || 0) * 1024,
    cpu: Number(one["cpu"] ?? 0) || 0,
  }));
}
