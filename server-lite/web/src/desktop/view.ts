// The screen of a device: a canvas with its controls, over a tunnel of kind 2.

import { fill, h } from "../dom.ts";
import { block } from "../text.ts";
import type { Tunnel } from "../tunnel.ts";
import { ask } from "../ui/dialog.ts";
import { icon } from "../ui/icons.ts";
import { reason } from "../ui/notice.ts";
import { ALL_DISPLAYS, Decoder, type Command } from "./decoder.ts";
import * as encode from "./encoder.ts";
import { Input, MAX_TYPED } from "./input.ts";
import { Painter } from "./painter.ts";

/** Looks of the pointer, by the numbers of the protocol. */
const CURSORS = [
  "default", "progress", "crosshair", "pointer", "help", "text", "no-drop", "move", "nesw-resize", "ns-resize", "nwse-resize",
  "ew-resize", "alias", "wait", "none", "not-allowed", "col-resize", "row-resize", "copy", "zoom-in", "zoom-out",
];

const QUALITIES: [number, string][] = [[20, "Low quality"], [50, "Medium quality"], [75, "Good quality"], [95, "Best quality"]];
const SCALES: [number, string][] = [[1024, "Full size"], [768, "¾ size"], [512, "½ size"], [256, "¼ size"]];
const INTERVALS: [number, string][] = [[40, "Fast"], [100, "Normal speed"], [400, "Slow"], [1000, "1 picture a second"]];

/** Shows the device's screen in `host`; `open` starts a session, again after one has ended. */
export function mountDesktop(host: HTMLElement, open: () => Promise<Tunnel>): { dispose(): void } {
  return new DesktopView(host, open);
}

class DesktopView {
  private readonly canvas = h("canvas", { class: "desktop-canvas", tabindex: "0", "aria-label": "The device's screen; Ctrl+Alt+Shift gives the keyboard back", width: "1", height: "1" });
  private readonly field = h("textarea", { class: "desktop-typing", "aria-label": "Type at the device", autocapitalize: "off", autocomplete: "off", spellcheck: "false" });
  private readonly stage = h("div", { class: "desktop-stage" }, this.canvas, this.field);
  private readonly status = h("span", { class: "desktop-status", role: "status" });
  private readonly quality = choice("Quality of the picture", QUALITIES, 50, () => this.applySettings());
  private readonly scale = choice("Size of the picture", SCALES, 1024, () => this.applySettings());
  private readonly interval = choice("Speed of the picture", INTERVALS, 100, () => this.applySettings());
  private readonly display = h("select", { "aria-label": "Display", hidden: true, onchange: () => this.send(encode.setDisplay(Number(this.display.value))) });
  private readonly fit = h("input", { type: "checkbox", checked: true, onchange: () => this.layout() });
  private readonly viewOnly = h("input", { type: "checkbox", onchange: () => this.input?.release() });
  private readonly again = h("button", { type: "button", class: "primary", hidden: true, onclick: () => void this.begin() }, icon("refresh"), "Connect again");
  private readonly root: HTMLElement;
  private readonly resizes = new ResizeObserver(() => this.layout());
  private tunnel: Tunnel | null = null;
  private painter: Painter | null = null;
  private input: Input | null = null;
  private run = 0;
  private known = "";
  /** The last thing that the device said: it knows better than the relay why a session ended. */
  private lastWord = "";

  constructor(
    private readonly host: HTMLElement,
    private readonly open: () => Promise<Tunnel>,
  ) {
    const bar = h(
      "div",
      { class: "toolbar desktop-bar" },
      this.again,
      this.display,
      this.quality,
      this.scale,
      this.interval,
      h("label", null, this.fit, "Fit"),
      h("label", null, this.viewOnly, "View only"),
      h("button", { type: "button", onclick: () => this.control(encode.ctrlAltDelete()) }, "Ctrl+Alt+Del"),
      h("button", { type: "button", onclick: () => void this.typeText() }, "Type text…"),
      h("button", { type: "button", class: "desktop-keyboard", onclick: () => this.field.focus() }, "Keyboard"),
      h("button", { type: "button", onclick: () => void this.fullScreen() }, "Full screen"),
      this.status,
    );
    this.root = h("div", { class: "desktop-view" }, bar, this.stage);
    fill(host, this.root);
    this.resizes.observe(this.stage);
    document.addEventListener("fullscreenchange", this.layout);
    void this.begin();
  }

  dispose(): void {
    this.run++;
    this.end();
    this.resizes.disconnect();
    document.removeEventListener("fullscreenchange", this.layout);
    if (document.fullscreenElement === this.root) void document.exitFullscreen();
    fill(this.host);
  }

  private async begin(): Promise<void> {
    const mine = ++this.run;
    this.end();
    this.again.hidden = true;
    this.say("Connecting…");
    try {
      const tunnel = await this.open();
      if (mine !== this.run) return tunnel.close();
      this.start(tunnel);
    } catch (error) {
      if (mine === this.run) this.ended(reason(error));
    }
  }

  private start(tunnel: Tunnel): void {
    this.tunnel = tunnel;
    this.known = this.lastWord = "";
    this.say("Waiting for the picture…");
    const decoder = new Decoder();
    this.painter = new Painter(this.canvas, {
      pressure: (full) => this.send(encode.pause(full)),
      painted: () => {
        if (this.root.dataset["picture"]) return;
        this.root.dataset["picture"] = "shown";
        this.say("");
        this.canvas.focus({ preventScroll: true });
      },
    });
    this.input = new Input(this.canvas, this.field, (data) => this.send(data), () => this.tunnel === tunnel && !this.viewOnly.checked);
    tunnel.onClose = (why) => {
      if (this.tunnel !== tunnel) return;
      this.ended(this.lastWord || (why === "The session was closed." ? "The session has ended." : why));
    };
    tunnel.onText = (text) => this.heard(text);
    tunnel.onBinary = (data) => {
      if (this.tunnel !== tunnel) return;
      try {
        for (const command of decoder.feed(data)) this.obey(command);
      } catch (error) {
        this.ended(reason(error));
      }
    };
  }

  private end(): void {
    const { tunnel } = this;
    this.input?.dispose();
    this.painter?.dispose();
    this.input = this.painter = this.tunnel = null;
    delete this.root?.dataset["picture"];
    tunnel?.close();
  }

  private ended(why: string): void {
    this.end();
    this.say(why);
    this.again.hidden = false;
  }

  private obey(command: Command): void {
    switch (command.kind) {
      case "size":
        return this.sized(command.width, command.height);
      case "picture":
        return this.painter?.paint(command.x, command.y, command.image);
      case "displays":
        return this.listDisplays(command.ids, command.selected);
      case "cursor":
        this.canvas.style.cursor = CURSORS[command.index] ?? "default";
        return;
      case "message":
        return this.told(command.text);
      case "error":
        if (!command.quiet) this.told(command.text);
        return;
      case "places":
      case "locks":
      case "input-lock":
        return;
    }
  }

  private sized(width: number, height: number): void {
    if (width < 1 || height < 1 || this.known === `${width}x${height}`) return;
    const first = this.known === "";
    this.known = `${width}x${height}`;
    this.painter?.resize(width, height);
    requestAnimationFrame(this.layout);
    // Agents wait for this with the pictures of a new size.
    this.applySettings();
    this.send(encode.pause(false));
    if (first) this.input?.releaseAll();
  }

  private applySettings(): void {
    this.send(encode.settings({ quality: Number(this.quality.value), scale: Number(this.scale.value), interval: Number(this.interval.value) }));
  }

  private listDisplays(ids: number[], selected: number): void {
    this.display.hidden = ids.length < 2;
    fill(this.display, ids.map((id) => h("option", { value: String(id) }, id === ALL_DISPLAYS ? "All displays" : `Display ${id}`)));
    this.display.value = String(selected);
  }

  private heard(text: string): void {
    let message: unknown;
    try {
      message = JSON.parse(text);
    } catch {
      return;
    }
    if (typeof message !== "object" || message === null) return;
    const { type, msg, users } = message as Record<string, unknown>;
    if (type === "console") this.told(typeof msg === "string" ? msg : "");
    if (type === "ping") this.tunnel?.sendText('{"ctrlChannel":"102938","type":"pong"}');
    if (type === "metadata" && typeof users === "object" && users !== null) {
      const count = Object.values(users).reduce((sum: number, n) => sum + (typeof n === "number" ? n : 0), 0);
      this.root.dataset["viewers"] = String(count);
      if (count > 1) this.say(`${count} people see this screen.`);
    }
  }

  private async typeText(): Promise<void> {
    const values = await ask({
      title: "Type text at the device",
      fields: [{ name: "text", label: "Text", type: "textarea", required: true, maxlength: MAX_TYPED, hint: "It is typed key by key where the cursor is. Paste here what you have copied." }],
      confirm: "Type",
    });
    if (!values || this.viewOnly.checked) return;
    this.canvas.focus({ preventScroll: true });
    this.input?.type(values["text"] ?? "", () => undefined);
  }

  private async fullScreen(): Promise<void> {
    try {
      if (document.fullscreenElement) await document.exitFullscreen();
      else await this.root.requestFullscreen();
      this.canvas.focus({ preventScroll: true });
    } catch (error) {
      this.say(`No full screen: ${reason(error)}`);
    }
  }

  /** Sizes the canvas on the page: fitted, or as many pixels as the picture has. */
  private readonly layout = (): void => {
    const { width, height } = this.canvas;
    const room = this.stage;
    let factor = 1;
    if (this.fit.checked && room.clientWidth > 0 && room.clientHeight > 0) {
      factor = Math.min(room.clientWidth / width, room.clientHeight / height);
      // Larger than it is only where all there is, is the screen.
      if (!document.fullscreenElement) factor = Math.min(factor, 1);
    }
    this.canvas.style.width = `${Math.floor(width * factor)}px`;
    this.canvas.style.height = `${Math.floor(height * factor)}px`;
  };

  private control(data: Uint8Array): void {
    if (!this.viewOnly.checked) this.send(data);
    this.canvas.focus({ preventScroll: true });
  }

  private send(data: Uint8Array): void {
    this.tunnel?.send(data);
  }

  private told(text: string): void {
    this.lastWord = text;
    this.say(text);
  }

  private say(text: string): void {
    fill(this.status, block(text, 300));
  }
}

function choice(label: string, options: [number, string][], chosen: number, changed: () => void): HTMLSelectElement {
  const select = h("select", { "aria-label": label, onchange: changed }, options.map(([value, text]) => h("option", { value: String(value) }, text)));
  select.value = String(chosen);
  return select;
}
