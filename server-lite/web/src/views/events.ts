// What happened: on the whole server, or with one device. New events come by themselves.

import { Ends, type App, type View } from "../app.ts";
import { fill, h } from "../dom.ts";
import { moment, time } from "../format.ts";
import { bare, isRecord, type DeviceNode } from "../model.ts";
import { to } from "../router.ts";
import { asText, block, line } from "../text.ts";
import { icon } from "../ui/icons.ts";
import { reason } from "../ui/notice.ts";
import type { Tab } from "./device.ts";

type Happening = Record<string, unknown>;

const FIRST = 200;
const MOST = 1000;

export function eventsPage(app: App): View {
  const events = eventList(app, null);
  const element = h("section", { class: "page fill" }, h("h1", null, "Events"), events.element);
  events.load();
  return { title: "Events", element, dispose: events.dispose };
}

export function deviceEventsTab(app: App, _node: () => DeviceNode | undefined, id: string): Tab {
  const events = eventList(app, id);
  let begun = false;
  return {
    element: events.element,
    dispose: events.dispose,
    shown() {
      if (begun) return;
      begun = true;
      events.load();
    },
  };
}

function eventList(app: App, nodeid: string | null) {
  const ends = new Ends();
  let all: Happening[] = [];
  let limit = FIRST;
  const status = h("span", { class: "session-status", role: "status" });
  const search = h("input", { type: "search", class: "grow", placeholder: "Search events", "aria-label": "Search events", oninput: () => draw() });
  const body = h("tbody");
  const more = h("button", { type: "button", onclick: () => ((limit = MOST), load()) }, "Older events");
  more.hidden = true;
  const empty = h("p", { class: "muted empty-line" }, "Nothing has happened yet.");
  empty.hidden = true;
  const head = ["Time", nodeid ? null : "Device", "Who", "What", "Text"].filter((name) => name !== null);
  const element = h(
    "div",
    { class: "list-tab" },
    h("div", { class: "toolbar" }, search, h("button", { type: "button", onclick: () => load() }, icon("refresh"), "Refresh"), status),
    h(
      "div",
      { class: "table-box", tabindex: "0", role: "region", "aria-label": "Events" },
      h("table", { class: "events" }, h("thead", null, h("tr", null, head.map((name) => h("th", { scope: "col" }, name)))), body),
      empty,
      more,
    ),
  );

  function matches(event: Happening, words: string): boolean {
    return !words || [event["msg"], event["action"], event["userid"], deviceName(event)].map(asText).join("\n").toLowerCase().includes(words);
  }

  function deviceName(event: Happening): string {
    const id = asText(event["nodeid"]);
    return id ? (app.model.devices.get(id)?.name ?? bare(id).slice(0, 8)) : "";
  }

  function draw(): void {
    const words = search.value.toLowerCase();
    const shown = all.filter((event) => matches(event, words));
    fill(body, shown.map(row));
    empty.hidden = all.length > 0;
    fill(status, words ? `${shown.length} of ${all.length}` : "");
  }

  function row(event: Happening): HTMLElement {
    const id = asText(event["nodeid"]);
    const when = time(event["time"]);
    return h(
      "tr",
      null,
      h("td", { class: "when" }, when ? h("time", { datetime: when.toISOString() }, moment(event["time"])) : ""),
      nodeid
        ? null
        : h("td", null, id ? (app.model.devices.has(id) ? h("a", { href: to("device", bare(id)) }, line(deviceName(event), 40)) : line(deviceName(event), 40)) : ""),
      h("td", null, line(asText(event["userid"]).replace(/^user\/\//, ""), 32)),
      h("td", null, h("code", null, line(event["action"], 32))),
      h("td", { class: "wide-cell" }, block(event["msg"], 400)),
    );
  }

  function load(): void {
    fill(status, "Loading…");
    app.control
      .ask({ action: "events", limit, ...(nodeid ? { nodeid } : {}) })
      .then((answer) => {
        all = Array.isArray(answer["events"]) ? answer["events"].filter(isRecord).slice(0, MOST) : [];
        more.hidden = all.length < limit || limit >= MOST;
        draw();
      })
      .catch((error) => fill(status, h("span", { class: "bad-text" }, reason(error))));
  }

  ends.add(
    app.model.watch((change) => {
      if (change.kind !== "event" || change.event["nolog"] === 1) return;
      const { event } = change;
      if (typeof event["msg"] !== "string" || (nodeid && event["nodeid"] !== nodeid)) return;
      all.unshift(event);
      if (all.length > MOST) all.pop();
      empty.hidden = true;
      if (!matches(event, search.value.toLowerCase())) return;
      body.prepend(row(event));
      while (body.childElementCount > MOST) body.lastElementChild?.remove();
    }),
  );
  return { element, dispose: ends.run, load };
}
