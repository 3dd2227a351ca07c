// Keyboard, mouse and fingers on a canvas, as commands of a desktop session.

import { listen } from "../dom.ts";
import * as encode from "./encoder.ts";
import { keyCode, typedText } from "./keys.ts";
import { Wheel } from "./wheel.ts";

const BUTTONS: Record<number, encode.Button> = { 0: "left", 1: "middle", 2: "right" };
/** A finger that stays this long without moving is a click on the right. */
const LONG_MS = 550;
/** Pixels of the page that a finger may move and still tap. */
const SHAKE = 10;
/** Characters of a text that is typed at the device, and how many go at once: it is no faster than its programs. */
export const MAX_TYPED = 5000;
const CHUNK = 40;
const CHUNK_MS = 60;

type Place = { x: number; y: number };

interface Finger {
  id: number;
  start: Place;
  at: Place;
  timer: number;
  dragging: boolean;
  done: boolean;
}

/** Sends what happens on `canvas` while `active()`; keys also from `typing`, the field behind a phone's keyboard. */
export class Input {
  private readonly ends = new AbortController();
  private readonly pressed = new Map<string, { code: number; extended: boolean }>();
  private readonly buttons = new Set<encode.Button>();
  private readonly scroll = new Wheel();
  private last: Place = { x: 0, y: 0 };
  private pending: Place | null = null;
  private finger: Finger | null = null;
  private second: { id: number; y: number } | null = null;
  private typing = 0;

  constructor(
    private readonly canvas: HTMLCanvasElement,
    private readonly field: HTMLTextAreaElement,
    private readonly send: (data: Uint8Array) => void,
    private readonly active: () => boolean,
  ) {
    const { signal } = this.ends;
    for (const element of [canvas, field]) {
      listen(element, "keydown", (event) => this.keyDown(event), signal);
      listen(element, "keyup", (event) => this.keyUp(event), signal);
      listen(element, "blur", () => this.release(), signal);
    }
    listen(field, "input", () => this.fieldChanged(), signal);
    listen(window, "blur", () => this.release(), signal);
    listen(canvas, "pointerdown", (event) => this.pointerDown(event), signal);
    listen(canvas, "pointermove", (event) => this.pointerMove(event), signal);
    listen(canvas, "pointerup", (event) => this.pointerUp(event), signal);
    listen(canvas, "pointercancel", (event) => this.pointerUp(event), signal);
    listen(canvas, "contextmenu", (event) => event.preventDefault(), signal);
    canvas.addEventListener("wheel", (event) => this.wheel(event), { signal, passive: false });
  }

  dispose(): void {
    this.release();
    this.ends.abort();
    clearTimeout(this.typing);
    if (this.finger) clearTimeout(this.finger.timer);
  }

  /** Lets go of all keys and buttons: whoever leaves the page must not leave Ctrl pressed at the device. */
  release(): void {
    for (const { code, extended } of this.pressed.values()) this.send(encode.key(code, false, extended));
    this.pressed.clear();
    for (const button of this.buttons) this.send(encode.button(button, false, this.last.x, this.last.y));
    this.buttons.clear();
  }

  /** Key-ups of what may hang from an earlier session. */
  releaseAll(): void {
    for (const code of [16, 17, 18, 91, 92]) this.send(encode.key(code, false, code > 90));
  }

  /** Types a text at the device, a line end as Enter; calls `done` when all is sent. */
  type(text: string, done: () => void): void {
    const characters = [...text.replace(/\r\n?/g, "\n")].slice(0, MAX_TYPED);
    const step = (at: number) => {
      if (this.ends.signal.aborted || !this.active()) return;
      for (const character of characters.slice(at, at + CHUNK)) this.character(character);
      if (at + CHUNK >= characters.length) return done();
      this.typing = window.setTimeout(() => step(at + CHUNK), CHUNK_MS);
    };
    clearTimeout(this.typing);
    step(0);
  }

  private character(character: string): void {
    if (character === "\n" || character === "\t") {
      const code = character === "\n" ? 13 : 9;
      this.send(encode.key(code, true, false));
      this.send(encode.key(code, false, false));
      return;
    }
    for (let at = 0; at < character.length; at++) {
      this.send(encode.unicode(character.charCodeAt(at), true));
      this.send(encode.unicode(character.charCodeAt(at), false));
    }
  }

  // ---- keys ----

  private keyDown(event: KeyboardEvent): void {
    if (!this.active() || event.isComposing || event.key === "Process" || event.key === "Unidentified") return;
    // The way out for people without a mouse.
    if (event.ctrlKey && event.altKey && event.shiftKey && !event.getModifierState("AltGraph")) {
      this.release();
      (event.target as HTMLElement).blur();
      return;
    }
    event.preventDefault();
    const text = typedText({
      key: event.key,
      ctrlKey: event.ctrlKey,
      altKey: event.altKey,
      metaKey: event.metaKey,
      altGraph: event.getModifierState("AltGraph"),
    });
    if (text !== null) return this.character(text);
    const known = keyCode(event.code);
    if (!known) return;
    this.pressed.set(event.code, known);
    this.send(encode.key(known.code, true, known.extended));
  }

  private keyUp(event: KeyboardEvent): void {
    const known = this.pressed.get(event.code);
    if (!known) return;
    event.preventDefault();
    this.pressed.delete(event.code);
    this.send(encode.key(known.code, false, known.extended));
  }

  /** Phones tell what was typed, not which key. */
  private fieldChanged(): void {
    const text = this.field.value;
    this.field.value = "";
    if (this.active()) for (const character of text.slice(0, MAX_TYPED)) this.character(character);
  }

  // ---- mouse ----

  private place(event: { clientX: number; clientY: number }): Place {
    const box = this.canvas.getBoundingClientRect();
    const on = (at: number, size: number, pixels: number) =>
      Math.max(0, Math.min(pixels - 1, Math.floor((at / Math.max(1, size)) * pixels)));
    return {
      x: on(event.clientX - box.left, box.width, this.canvas.width),
      y: on(event.clientY - box.top, box.height, this.canvas.height),
    };
  }

  private pointerDown(event: PointerEvent): void {
    if (event.pointerType === "touch") return this.fingerDown(event);
    this.canvas.focus({ preventScroll: true });
    const button = BUTTONS[event.button];
    if (!button || !this.active()) return;
    event.preventDefault();
    this.canvas.setPointerCapture(event.pointerId);
    this.flushMove();
    this.last = this.place(event);
    this.buttons.add(button);
    this.send(encode.button(button, true, this.last.x, this.last.y));
  }

  private pointerMove(event: PointerEvent): void {
    if (event.pointerType === "touch") return this.fingerMove(event);
    if (!this.active()) return;
    this.move(this.place(event));
  }

  private pointerUp(event: PointerEvent): void {
    if (event.pointerType === "touch") return this.fingerUp(event);
    const button = BUTTONS[event.button];
    if (!button || !this.buttons.delete(button)) return;
    this.flushMove();
    this.last = this.place(event);
    this.send(encode.button(button, false, this.last.x, this.last.y));
  }

  /** At most one movement for each picture of this page's own screen. */
  private move(to: Place): void {
    if (!this.pending) requestAnimationFrame(() => this.flushMove());
    this.pending = to;
  }

  private flushMove(): void {
    if (!this.pending) return;
    this.last = this.pending;
    this.pending = null;
    if (!this.ends.signal.aborted && this.active()) this.send(encode.move(this.last.x, this.last.y));
  }

  private wheel(event: WheelEvent): void {
    if (!this.active()) return;
    event.preventDefault();
    const { x, y } = this.place(event);
    const delta = this.scroll.take(event.deltaY, event.deltaMode);
    if (delta !== 0) this.send(encode.wheel(x, y, delta));
  }

  // ---- fingers: tap, hold for the right button, drag, two to scroll ----

  private fingerDown(event: PointerEvent): void {
    if (!this.active()) return;
    event.preventDefault();
    if (this.finger) {
      if (!this.second && !this.finger.dragging) {
        clearTimeout(this.finger.timer);
        this.second = { id: event.pointerId, y: event.clientY };
      }
      return;
    }
    const start = { x: event.clientX, y: event.clientY };
    const finger: Finger = { id: event.pointerId, start, at: this.place(event), timer: 0, dragging: false, done: false };
    finger.timer = window.setTimeout(() => {
      finger.done = true;
      this.click("right", finger.at);
    }, LONG_MS);
    this.finger = finger;
    this.move(finger.at);
  }

  private fingerMove(event: PointerEvent): void {
    const finger = this.finger;
    if (!finger) return;
    if (this.second) {
      if (event.pointerId !== this.second.id) return;
      // The picture follows the fingers.
      const delta = this.scroll.take(this.second.y - event.clientY, 0);
      this.second.y = event.clientY;
      if (delta !== 0) this.send(encode.wheel(finger.at.x, finger.at.y, delta));
      return;
    }
    if (event.pointerId !== finger.id || finger.done) return;
    const far = Math.hypot(event.clientX - finger.start.x, event.clientY - finger.start.y) > SHAKE;
    if (!finger.dragging && far) {
      clearTimeout(finger.timer);
      finger.dragging = true;
      this.flushMove();
      this.buttons.add("left");
      this.send(encode.button("left", true, finger.at.x, finger.at.y));
    }
    if (!finger.dragging) return;
    finger.at = this.place(event);
    this.move(finger.at);
  }

  private fingerUp(event: PointerEvent): void {
    const finger = this.finger;
    if (!finger) return;
    if (this.second) {
      this.second = this.finger = null;
      return;
    }
    if (event.pointerId !== finger.id) return;
    clearTimeout(finger.timer);
    this.finger = null;
    if (finger.dragging) {
      this.flushMove();
      this.buttons.delete("left");
      const { x, y } = this.place(event);
      this.send(encode.button("left", false, x, y));
    } else if (!finger.done && event.type === "pointerup") {
      this.click("left", finger.at);
    }
  }

  private click(button: encode.Button, { x, y }: Place): void {
    this.flushMove();
    this.last = { x, y };
    this.send(encode.button(button, true, x, y));
    this.send(encode.button(button, false, x, y));
  }
}
