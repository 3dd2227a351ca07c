// A shell on the device, in xterm.js.

import "@xterm/xterm/css/xterm.css";
import { Ends, type App } from "../app.ts";
import { fill, h } from "../dom.ts";
import { Flow } from "../flow.ts";
import { isRecord, type DeviceNode } from "../model.ts";
import { block } from "../text.ts";
import { KIND, openTunnel, type Tunnel } from "../tunnel.ts";
import { icon } from "../ui/icons.ts";
import { attempt, reason } from "../ui/notice.ts";
import { isDark } from "../ui/theme.ts";
import { securityBadge } from "../ui/security.ts";
import type { Tab } from "./device.ts";

/** Bytes of a paste in one frame. */
const FRAME = 16_384;

export function terminalTab(app: App, node: () => DeviceNode | undefined, _id: string): Tab {
  const ends = new Ends();
  const place = h("div", { class: "terminal-place" });
  const status = h("span", { class: "session-status", role: "status" });
  const shell = h(
    "select",
    { "aria-label": "Whose shell", onchange: () => void begin() },
    h("option", { value: String(KIND.terminal) }, "Shell of the agent (root)"),
    h("option", { value: String(KIND.userTerminal) }, "Shell of the signed-in user"),
  );
  const again = h("button", { type: "button", class: "primary", onclick: () => void begin() }, icon("refresh"), "Connect again");
  const stop = h("button", { type: "button", onclick: () => tunnel?.close() }, "Disconnect");
  const copy = h("button", { type: "button", onclick: () => void copySelection() }, "Copy");
  const paste = h("button", { type: "button", onclick: () => void pasteText() }, "Paste");
  const element = h("div", { class: "terminal-tab" }, h("div", { class: "toolbar" }, shell, again, stop, copy, paste, status), place);
  let tunnel: Tunnel | null = null;
  let run = 0;
  let widget: Widget | null = null;

  async function begin(): Promise<void> {
    const mine = ++run;
    tunnel?.close();
    tunnel = null;
    say("Connecting…");
    draw();
    try {
      widget ??= await makeWidget(place, sendBytes, resized, ends);
      if (mine !== run || ends.signal.aborted) return;
      const device = node();
      if (!device) throw new Error("There is no such device.");
      widget.term.reset();
      widget.fit();
      const { cols, rows } = widget.term;
      const opened = await openTunnel(app.control, device, Number(shell.value), { cols, rows });
      if (mine !== run || ends.signal.aborted) return opened.close();
      tunnel = opened;
      const { flow } = widget;
      const ended = (why: string) => {
        if (tunnel !== opened) return;
        tunnel = null;
        say(why === "The session was closed." ? "The session has ended." : why);
        widget?.term.write(`\r\n\x1b[2m— ${block(why, 200)} Press Enter to connect again. —\x1b[0m\r\n`);
        draw();
      };
      opened.onClose = ended;
      opened.onText = heard;
      opened.onBinary = (data) => {
        // What an ended session still had on its way is not for the screen of the next one.
        if (tunnel !== opened || flow.take(opened, data)) return;
        ended("The device sends faster than this page can show it. The session was ended.");
        opened.close();
      };
      fill(status, securityBadge(opened));
      draw();
      // The size may have changed meanwhile.
      resized(widget.term.cols, widget.term.rows);
      widget.term.focus();
    } catch (error) {
      if (mine !== run) return;
      say(reason(error));
      draw();
    }
  }

  function heard(text: string): void {
    let message: unknown;
    try {
      message = JSON.parse(text);
    } catch {
      return;
    }
    if (!isRecord(message) || String(message["ctrlChannel"]) !== "102938") return;
    if (message["type"] === "ping") tunnel?.sendText('{"ctrlChannel":"102938","type":"pong"}');
    if (message["type"] === "console" && typeof message["msg"] === "string") {
      widget?.term.write(`\r\n\x1b[33m${block(message["msg"], 500)}\x1b[0m\r\n`);
    }
  }

  function sendBytes(data: Uint8Array): void {
    if (!tunnel) {
      // Enter, after the session has ended.
      if (data.length === 1 && data[0] === 13 && !again.hidden) void begin();
      return;
    }
    for (let at = 0; at < data.length; at += FRAME) tunnel.send(data.subarray(at, at + FRAME));
  }

  function resized(cols: number, rows: number): void {
    tunnel?.sendText(JSON.stringify({ ctrlChannel: "102938", type: "termsize", cols, rows }));
  }

  async function copySelection(): Promise<void> {
    const text = widget?.term.getSelection();
    if (text) await attempt("Copying", () => navigator.clipboard.writeText(text));
    widget?.term.focus();
  }

  async function pasteText(): Promise<void> {
    await attempt("Pasting", async () => widget?.term.paste(await navigator.clipboard.readText()));
    widget?.term.focus();
  }

  function say(text: string): void {
    fill(status, block(text, 300));
  }

  function draw(): void {
    again.hidden = tunnel !== null;
    stop.hidden = tunnel === null;
  }

  ends.add(() => {
    run++;
    tunnel?.close();
  });
  draw();
  let begun = false;
  return {
    element,
    dispose: ends.run,
    shown() {
      if (!begun) {
        begun = true;
        void begin();
      } else widget?.term.focus();
    },
  };
}

type Widget = Awaited<ReturnType<typeof makeWidget>>;

/** Loads xterm.js (its own file: other pages do not need it) and puts a terminal into `place`. */
async function makeWidget(place: HTMLElement, send: (data: Uint8Array) => void, resized: (cols: number, rows: number) => void, ends: Ends) {
  const [{ Terminal }, { FitAddon }, { withoutStyleElements }] = await Promise.all([
    import("@xterm/xterm"),
    import("@xterm/addon-fit"),
    import("../ui/xterm-styles.ts"),
  ]);
  const term = new Terminal({
    cursorBlink: true,
    fontSize: 14,
    fontFamily: 'ui-monospace, "Cascadia Mono", "DejaVu Sans Mono", Menlo, Consolas, monospace',
    scrollback: 5000,
    macOptionIsMeta: true,
    theme: colours(),
    linkHandler: null,
  });
  const fitting = new FitAddon();
  term.loadAddon(fitting);
  withoutStyleElements(() => term.open(place));
  const encoder = new TextEncoder();
  term.onData((text) => send(encoder.encode(text)));
  // Old mouse reports: one character is one byte.
  term.onBinary((text) => send(Uint8Array.from(text, (character) => character.charCodeAt(0))));
  term.onResize(({ cols, rows }) => resized(cols, rows));
  term.attachCustomKeyEventHandler((event) => {
    // The browser's own paste does the rest; copying is the other half of it.
    if (event.type !== "keydown" || !event.ctrlKey || !event.shiftKey) return true;
    if (event.code === "KeyC" && term.hasSelection()) {
      event.preventDefault();
      void navigator.clipboard.writeText(term.getSelection()).catch(() => undefined);
      return false;
    }
    return event.code !== "KeyV";
  });
  const fit = () => {
    if (place.clientWidth > 0 && place.clientHeight > 0) fitting.fit();
  };
  const watcher = new ResizeObserver(fit);
  watcher.observe(place);
  const themed = () => {
    term.options.theme = colours();
  };
  addEventListener("meshlite-theme", themed, { signal: ends.signal });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", themed, { signal: ends.signal });
  ends.add(() => {
    watcher.disconnect();
    term.dispose();
  });
  return { term, fit, flow: new Flow((data, done) => term.write(data, done)) };
}

function colours() {
  return isDark()
    ? { background: "#0e1417", foreground: "#d7e0e3", cursor: "#5eead4", selectionBackground: "#2f4f57" }
    : {
        background: "#fbfcfc",
        foreground: "#1c2529",
        cursor: "#0f766e",
        cursorAccent: "#ffffff",
        selectionBackground: "#bfe3df",
        black: "#1c2529",
        red: "#b42318",
        green: "#15803d",
        yellow: "#8a6100",
        blue: "#1d4ed8",
        magenta: "#8e24aa",
        cyan: "#0e7490",
        white: "#5b6b72",
        brightBlack: "#6b7b82",
        brightRed: "#d92d20",
        brightGreen: "#16a34a",
        brightYellow: "#a16207",
        brightBlue: "#2563eb",
        brightMagenta: "#a21caf",
        brightCyan: "#0891b2",
        brightWhite: "#38464c",
      };
}
