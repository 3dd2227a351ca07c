// The console of the agent: a line in, text out.

import { Ends, type App } from "../app.ts";
import { order } from "../control.ts";
import { h } from "../dom.ts";
import type { DeviceNode } from "../model.ts";
import { block } from "../text.ts";
import { reason } from "../ui/notice.ts";
import type { Tab } from "./device.ts";

const MAX_ENTRIES = 500;
const MAX_ANSWER = 70_000;

export function consoleTab(app: App, node: () => DeviceNode | undefined, id: string): Tab {
  const ends = new Ends();
  const log = h("div", { class: "console-log", role: "log", "aria-label": "Console output", tabindex: "0" });
  const input = h("input", {
    class: "grow mono",
    "aria-label": "Console line",
    placeholder: "A line for the agent, as: help",
    autocomplete: "off",
    spellcheck: "false",
    maxlength: 4096,
  });
  const history: string[] = [];
  let at = 0;

  function add(text: string, kind: "said" | "heard" | "bad"): void {
    const near = log.scrollHeight - log.scrollTop - log.clientHeight < 40;
    log.append(h("pre", { class: kind }, block(text, MAX_ANSWER)));
    while (log.childElementCount > MAX_ENTRIES) log.firstElementChild?.remove();
    if (near || kind === "said") log.scrollTop = log.scrollHeight;
  }

  async function send(event: Event): Promise<void> {
    event.preventDefault();
    const value = input.value.trim();
    if (!value) return;
    if (history[history.length - 1] !== value) history.push(value);
    if (history.length > 100) history.shift();
    at = history.length;
    input.value = "";
    add(`> ${value}`, "said");
    try {
      await order(app.control, { action: "msg", type: "console", nodeid: id, value });
    } catch (error) {
      add(reason(error) === "Unable to route" ? "The device is not connected." : reason(error), "bad");
    }
  }

  input.addEventListener("keydown", (event) => {
    if (event.key !== "ArrowUp" && event.key !== "ArrowDown") return;
    event.preventDefault();
    at = Math.max(0, Math.min(history.length, at + (event.key === "ArrowUp" ? -1 : 1)));
    input.value = history[at] ?? "";
  });
  ends.add(
    app.control.listen((message) => {
      if (message.action !== "msg" || message["type"] !== "console" || message["nodeid"] !== id) return;
      if (typeof message["value"] === "string") add(message["value"], "heard");
    }),
  );
  const element = h(
    "div",
    { class: "console-tab" },
    log,
    h("form", { class: "toolbar", onsubmit: send }, input, h("button", { type: "submit", class: "primary" }, "Send")),
  );
  if (!node()?.conn) add("The device is not connected now.", "bad");
  return { element, dispose: ends.run, shown: () => input.focus({ preventScroll: true }) };
}
