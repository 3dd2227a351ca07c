// A tunnel that is encrypted between this page and the device's agent, and goes on over new links when one is lost.
// docs/secure-sessions.md says what that protects against, and that a page from a hostile server is no protection.

import type { Tunnel } from "../tunnel.ts";
import { nodeBytes, type Bytes } from "./bytes.ts";
import { Client, isFinal } from "./client.ts";

/** A tunnel of the relay, before anything was said on it. */
export interface RawTunnel extends Tunnel {
  /** Its name in the relay. */
  readonly id: string;
  /** The protocol number it was opened for. */
  readonly protocol: number;
}

const HELLO_MS = 10_000;
/** After so much silence the device is asked, and has so long to answer. */
const SILENCE_MS = 20_000;
const PING_MS = 10_000;
const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 5_000;

/**
 * Encrypts `raw`. `reopen` opens another tunnel to the same device when the link is lost. Rejects with a sentence for
 * the user when the other end is not the device, or does not answer; nothing was sent then.
 */
export async function secureTunnel(
  raw: RawTunnel,
  nodeId: string,
  reopen: () => Promise<RawTunnel>,
): Promise<Tunnel> {
  const tunnel = new SecureTunnel(nodeId, raw.protocol, reopen);
  await tunnel.attach(raw);
  return tunnel;
}

class SecureTunnel implements Tunnel {
  readonly secure = "end-to-end" as const;
  recorded = false;
  onBinary: (data: Uint8Array) => void = () => undefined;
  onText: (text: string) => void = () => undefined;
  onClose: (why: string) => void = () => undefined;
  onLink: (up: boolean) => void = () => undefined;
  private readonly client: Client;
  private raw: RawTunnel | null = null;
  private over: string | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private mending = false;

  constructor(
    nodeId: string,
    protocol: number,
    private readonly reopen: () => Promise<RawTunnel>,
  ) {
    this.client = new Client(nodeBytes(nodeId), protocol);
    this.client.onTaken = (taken) => {
      if ("text" in taken) this.onText(taken.text);
      else if ("binary" in taken) this.onBinary(taken.binary);
      else this.finish(taken.closed || "The device closed the session.");
    };
  }

  /** Says hello on a tunnel, and waits for the device's proof. */
  async attach(raw: RawTunnel): Promise<void> {
    this.recorded ||= raw.recorded;
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error("The device did not answer the encrypted greeting.")), HELLO_MS);
      const done = (error?: unknown): void => {
        clearTimeout(timer);
        if (error === undefined) resolve();
        else reject(error instanceof Error ? error : new Error(String(error)));
      };
      raw.onClose = (why) => {
        done(new Error(why));
        if (this.raw === raw) this.lost();
      };
      raw.onText = (text) => {
        if (isOfTheRelay(text)) return;
        this.client.handleText(text).then(
          () => {
            this.raw = raw;
            done();
          },
          (error: unknown) => {
            done(error);
            if (this.raw === raw) this.lost();
          },
        );
      };
      raw.onBinary = (data) => {
        this.watch();
        this.client.handleBinary(data as Bytes).catch((error: unknown) => {
          done(error);
          this.failed(error, raw);
        });
      };
      this.client.attach(raw, raw.id).catch(done);
    }).catch((error: unknown) => {
      this.client.detach();
      raw.close();
      throw error;
    });
    this.watch();
  }

  get buffered(): number {
    return this.client.buffered;
  }

  send(data: Uint8Array): void {
    if (this.over === null) this.client.send(data);
  }

  sendText(text: string): void {
    if (this.over === null) this.client.sendText(text);
  }

  pause(on: boolean): void {
    const raw = this.raw;
    this.client.pause(on).catch((error: unknown) => this.failed(error, raw));
  }

  close(): void {
    if (this.over !== null) return;
    this.client.close("The operator closed it.");
    const raw = this.raw;
    this.raw = null;
    this.over = "The session was closed.";
    clearTimeout(this.timer);
    // The end leaves before the link does.
    void this.client.flush().then(() => setTimeout(() => raw?.close(), 250));
    this.onClose(this.over);
  }

  /** What came by `raw` is of no use. */
  private failed(error: unknown, raw: RawTunnel | null): void {
    if (isFinal(error)) this.finish((error as Error).message);
    else if (raw !== null && this.raw === raw) this.lost();
  }

  /** The link is gone; the session is not. */
  private lost(): void {
    const raw = this.raw;
    this.raw = null;
    this.client.detach();
    clearTimeout(this.timer);
    raw?.close();
    if (this.over === null && !this.mending) void this.mend();
  }

  private async mend(): Promise<void> {
    this.mending = true;
    this.onLink(false);
    const until = Date.now() + (this.client.facts?.keptMs ?? 0);
    let why = "The connection was lost.";
    for (let pause = FIRST_PAUSE_MS; this.over === null && Date.now() < until; pause = Math.min(pause * 2, LONGEST_PAUSE_MS)) {
      try {
        await this.attach(await this.reopen());
        this.mending = false;
        if (this.over !== null) this.client.detach();
        else this.onLink(true);
        return;
      } catch (error) {
        why = (error as Error).message;
        if (isFinal(error)) break;
      }
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
    this.mending = false;
    this.finish(why);
  }

  /** Asks after a silence, and takes the link for lost without an answer. */
  private watch(): void {
    clearTimeout(this.timer);
    if (this.over !== null) return;
    this.timer = setTimeout(() => {
      this.client.ping();
      this.timer = setTimeout(() => this.lost(), PING_MS);
    }, SILENCE_MS);
  }

  private finish(why: string): void {
    if (this.over !== null) return;
    this.over = why;
    clearTimeout(this.timer);
    const raw = this.raw;
    this.raw = null;
    // The acknowledgement of the end leaves first: the device keeps it for us until then.
    void this.client.flush().then(() => setTimeout(() => raw?.close(), 250));
    this.onClose(why);
  }
}

/** Pings of relays are outside of the encryption, and say nothing. */
function isOfTheRelay(text: string): boolean {
  return text.length < 200 && /"type":\s*"p[io]ng"/.test(text);
}
