// A session with a device, through `/meshrelay.ashx`. Where the device's core can, everything inside is encrypted
// from here to the device's agent (secure/), and the relay sees ciphertext only.

import { order, type Control, type Message } from "./control.ts";
import type { DeviceNode } from "./model.ts";
import { secureTunnel } from "./secure/index.ts";

export interface Tunnel {
  /** Who can read what is inside; shown to the user. */
  readonly secure: "end-to-end" | "relay";
  /** The server records this session (the relay said `cr`). */
  readonly recorded: boolean;
  /** Sends a binary frame. */
  send(data: Uint8Array): void;
  /** Sends a text frame. */
  sendText(text: string): void;
  onBinary: (data: Uint8Array) => void;
  onText: (text: string) => void;
  onClose: (why: string) => void;
  /** Told when the link is lost while the session goes on, and when there is a new one. */
  onLink?: (up: boolean) => void;
  /** Bytes not sent yet. */
  readonly buffered: number;
  /** Stops or goes on with giving messages; the device waits meanwhile. Only encrypted sessions can. */
  pause?(on: boolean): void;
  close(): void;
}

/** Session kinds: the protocol numbers of the relay. */
export const KIND = { terminal: 1, desktop: 2, files: 5, userTerminal: 8 } as const;

const OPEN_MS = 20_000;
/** Messages kept while nobody listens yet. */
const MAX_EARLY = 64;

/** Starts a session of a kind. Rejects with a sentence for the user. */
export async function openTunnel(
  control: Control,
  node: DeviceNode,
  protocol: number,
  options: Record<string, unknown>,
): Promise<Tunnel> {
  const raw = await openRelay(control, node._id, protocol);
  let tunnel: Tunnel = raw;
  if (node.meshlite?.secure) {
    try {
      tunnel = await secureTunnel(raw, node._id, () => openRelay(control, node._id, protocol));
    } catch (error) {
      raw.close();
      throw error;
    }
  }
  tunnel.sendText(JSON.stringify({ ctrlChannel: "102938", type: "options", protocol, ...options }));
  tunnel.sendText(String(protocol));
  return tunnel;
}

/** The two ends joined by the relay, before anything was said between them. The secure part opens a new one to resume. */
export async function openRelay(control: Control, nodeid: string, protocol: number): Promise<RelayTunnel> {
  const cookies = await cookie(control);
  const id = randomId();
  const query = (key: string, cookie: unknown) =>
    `p=${protocol}&nodeid=${encodeURIComponent(nodeid)}&id=${id}&${key}=${encodeURIComponent(String(cookie))}`;
  const url = `wss://${location.host}/meshrelay.ashx?browser=1&${query("auth", cookies["cookie"])}`;
  const tunnel = new RelayTunnel(url, id, protocol);
  try {
    const value = `*/meshrelay.ashx?${query("rauth", cookies["rcookie"])}`;
    const asked: Message = { action: "msg", type: "tunnel", usage: protocol, nodeid, value };
    await order(control, asked, OPEN_MS).catch((error: Error) => {
      throw error.message === "Unable to route" ? new Error("The device is not connected.") : error;
    });
    await tunnel.joined;
    return tunnel;
  } catch (error) {
    tunnel.close();
    throw error;
  }
}

/** A WebSocket to the relay. Keeps what arrives until somebody listens. */
export class RelayTunnel implements Tunnel {
  readonly secure = "relay" as const;
  recorded = false;
  /** Resolves when the other end is there. */
  readonly joined: Promise<void>;
  private readonly socket: WebSocket;
  private binary: ((data: Uint8Array) => void) | null = null;
  private text: ((text: string) => void) | null = null;
  private closed: ((why: string) => void) | null = null;
  private early: (Uint8Array | string)[] = [];
  private end: string | null = null;

  constructor(
    url: string,
    /** The rendez-vous name, as the relay knows it. */
    readonly id: string,
    /** The protocol number it was opened for. */
    readonly protocol: number,
  ) {
    const socket = new WebSocket(url);
    socket.binaryType = "arraybuffer";
    this.socket = socket;
    this.joined = new Promise((resolve, reject) => {
      let begun = false;
      const timer = setTimeout(() => reject(new Error("The device did not open the session in time.")), OPEN_MS);
      socket.onmessage = (event: MessageEvent<string | ArrayBuffer>) => {
        if (begun) return this.arrive(event.data);
        // Everything before the relay's `c` is no part of the session.
        if (event.data !== "c" && event.data !== "cr") return;
        begun = true;
        this.recorded = event.data === "cr";
        clearTimeout(timer);
        resolve();
      };
      socket.onclose = (event) => {
        clearTimeout(timer);
        reject(new Error(event.reason || "The relay closed the session before it began."));
        this.finish(event.reason || "The session was closed.");
      };
    });
    // Whoever does not wait for it must not be told of an unhandled rejection.
    this.joined.catch(() => undefined);
  }

  get buffered(): number {
    return this.socket.bufferedAmount;
  }

  send(data: Uint8Array): void {
    if (this.socket.readyState === WebSocket.OPEN) this.socket.send(data as Uint8Array<ArrayBuffer>);
  }

  sendText(text: string): void {
    if (this.socket.readyState === WebSocket.OPEN) this.socket.send(text);
  }

  close(): void {
    this.socket.close();
    this.finish("The session was closed.");
  }

  set onBinary(handler: (data: Uint8Array) => void) {
    this.binary = handler;
    this.deliverEarly();
  }

  get onBinary(): (data: Uint8Array) => void {
    return this.binary ?? (() => undefined);
  }

  set onText(handler: (text: string) => void) {
    this.text = handler;
    this.deliverEarly();
  }

  get onText(): (text: string) => void {
    return this.text ?? (() => undefined);
  }

  set onClose(handler: (why: string) => void) {
    this.closed = handler;
    if (this.end !== null) queueMicrotask(() => this.closed?.(this.end ?? ""));
  }

  get onClose(): (why: string) => void {
    return this.closed ?? (() => undefined);
  }

  private arrive(data: string | ArrayBuffer): void {
    const message = typeof data === "string" ? data : new Uint8Array(data);
    if (this.early.length === 0 && this.hand(message)) return;
    if (this.early.length >= MAX_EARLY) return this.close();
    this.early.push(message);
  }

  private deliverEarly(): void {
    while (this.early.length > 0 && this.hand(this.early[0]!)) this.early.shift();
  }

  private hand(message: Uint8Array | string): boolean {
    if (typeof message === "string") {
      if (!this.text) return false;
      this.text(message);
    } else {
      if (!this.binary) return false;
      this.binary(message);
    }
    return true;
  }

  private finish(why: string): void {
    if (this.end !== null) return;
    this.end = why;
    this.closed?.(why);
  }
}

/** The answer of `authcookie` carries no `responseid`: it is known by its name. */
function cookie(control: Control): Promise<Message> {
  return new Promise((resolve, reject) => {
    const stop = control.listen((message) => {
      if (message.action !== "authcookie") return;
      clearTimeout(timer);
      stop();
      resolve(message);
    });
    const timer = setTimeout(() => {
      stop();
      reject(new Error("The server gave no cookie for the relay."));
    }, OPEN_MS);
    if (control.send({ action: "authcookie" })) return;
    clearTimeout(timer);
    stop();
    reject(new Error("There is no connection to the server."));
  });
}

function randomId(): string {
  return [...crypto.getRandomValues(new Uint8Array(9))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
