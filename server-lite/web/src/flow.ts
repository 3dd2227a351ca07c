// Holds a session back while the page has not shown what came already.

import type { Tunnel } from "./tunnel.ts";

/** Bytes not shown yet above which the device waits, and below which it goes on. */
const HIGH = 1 << 20;
const LOW = 256 << 10;
/** Bytes above which a session that cannot wait is ended: xterm.js throws above 50 MB. */
const MOST = 32 << 20;

/** What waits for one screen. Sessions come after each other on it; what an old one left counts for the next. */
export class Flow {
  private waiting = 0;
  private held: Pick<Tunnel, "pause"> | null = null;

  /** `write` shows bytes, and calls `done` once it has. */
  constructor(private readonly write: (data: Uint8Array, done: () => void) => void) {}

  /** Shows what came by `tunnel`. False when far too much waits: then it is not shown, and the session has to end. */
  take(tunnel: Pick<Tunnel, "pause">, data: Uint8Array): boolean {
    if (this.waiting + data.length > MOST) return false;
    this.waiting += data.length;
    if (this.waiting > HIGH && this.held !== tunnel && tunnel.pause) {
      this.held = tunnel;
      tunnel.pause(true);
    }
    this.write(data, () => {
      this.waiting -= data.length;
      if (this.waiting >= LOW || !this.held) return;
      const held = this.held;
      this.held = null;
      held.pause?.(false);
    });
    return true;
  }
}
