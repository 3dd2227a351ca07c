// The core: the program that the agent runs for the server. Which one, another one, none.

import { Ends, type App } from "../app.ts";
import { order } from "../control.ts";
import { fill, h } from "../dom.ts";
import type { DeviceNode } from "../model.ts";
import { block, line } from "../text.ts";
import { ask } from "../ui/dialog.ts";
import { attempt, notice } from "../ui/notice.ts";
import { bytes } from "../format.ts";
import { reconnect } from "./devices.ts";
import { list } from "./device-details.ts";
import type { Tab } from "./device.ts";

const MAX_CORE = 4 * 1024 * 1024 - 4;

export function coreTab(app: App, node: () => DeviceNode | undefined, id: string): Tab {
  const ends = new Ends();
  const card = h("div", { class: "card wide" });
  const file = h("input", { type: "file", accept: ".js,text/javascript", class: "visually-hidden", tabindex: "-1", onchange: () => void push() });
  const element = h(
    "div",
    { class: "scroll" },
    h(
      "div",
      { class: "cards" },
      card,
      h(
        "div",
        { class: "card wide" },
        h("h2", null, "Another core"),
        h("p", null, "The core is JavaScript that the agent runs. It answers everything but the connection itself: details, terminal, files. A core that fails is replaced by the last good one."),
        h(
          "div",
          { class: "button-row" },
          h("button", { type: "button", class: "primary", onclick: () => file.click() }, "Push a file…"),
          file,
          h("button", { type: "button", onclick: () => choose("inherit", "The core of its group was ordered.") }, "As its group"),
          h("button", { type: "button", onclick: () => choose("default", "The server's own core was ordered.") }, "The server's own"),
          h("button", { type: "button", class: "danger", onclick: () => void clear() }, "None"),
          h("button", { type: "button", onclick: () => void reconnect(app, id) }, "Reconnect the agent"),
        ),
      ),
    ),
  );

  function choose(type: string, done: string): void {
    void attempt("The core", () => order(app.control, { action: "uploadagentcore", nodeids: [id], type }), done);
  }

  async function clear(): Promise<void> {
    await ask({
      title: "No core?",
      text: h("p", null, "The agent stays connected, but nothing can be done with the device until it has a core again."),
      confirm: "Clear the core",
      danger: true,
      action: () => order(app.control, { action: "uploadagentcore", nodeids: [id], type: "clear" }),
    });
  }

  async function push(): Promise<void> {
    const chosen = file.files?.[0];
    file.value = "";
    if (!chosen) return;
    if (chosen.size > MAX_CORE) return notice("A core has at most 4 MiB.", "bad");
    await ask({
      title: "Push a core",
      text: [h("p", null, line(chosen.name, 80), ` (${bytes(chosen.size)})`), h("p", { class: "bad-text" }, "It gets the rights of the agent on the device, often root.")],
      fields: [{ name: "trial", label: "On trial: the device's choice stays and comes back when the trial ends", type: "checkbox" }],
      confirm: "Push",
      action: async (values) =>
        order(app.control, {
          action: "uploadagentcore",
          nodeids: [id],
          type: "custom",
          core: await chosen.text(),
          ...(values["trial"] === "true" ? { trial: true } : {}),
        }),
    });
  }

  function draw(): void {
    const device = node();
    if (!device) return;
    fill(
      card,
      h("h2", null, "The core that runs"),
      list([
        ["Core", line(device.agent.core, 120) || "none, or it has not said its name"],
        ["On trial", device.coretrial ? "yes" : null],
        ["Last failure", device.coretrouble ? h("span", { class: "bad-text pre" }, block(device.coretrouble, 2000)) : "none known"],
      ]),
      device.coretrial
        ? h("button", { type: "button", onclick: () => choose("endtrial", "The trial has ended.") }, "End the trial")
        : null,
    );
  }

  ends.add(
    app.model.watch((change) => {
      if (change.kind === "all" || (change.kind === "device" && change.id === id)) draw();
    }),
  );
  draw();
  return { element, dispose: ends.run };
}
