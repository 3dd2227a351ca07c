// A files session with a device: commands as text frames, data as binary frames (relay specification, section 6.2).

import type { Control } from "../control.ts";
import { isRecord, type DeviceNode } from "../model.ts";
import { asText } from "../text.ts";
import { KIND, openTunnel, type Tunnel } from "../tunnel.ts";

/** One name in a folder. */
export interface Entry {
  name: string;
  kind: "drive" | "folder" | "file";
  size: number | null;
  time: string;
}

/** What comes while a command runs that answers with several messages. */
type Hearer = (message: Record<string, unknown>) => boolean;

const ANSWER_MS = 30_000;
const MAX_ENTRIES = 100_000;

/** Opens the session. `ended` is called once, when it is over for any reason. */
export async function openFiles(control: Control, node: DeviceNode, ended: (why: string) => void): Promise<FilesSession> {
  return new FilesSession(await openTunnel(control, node, KIND.files, {}), ended);
}

/** Folders, names and questions; transfers are in `transfer.ts`, one at a time on this same tunnel. */
export class FilesSession {
  over: string | null = null;
  private next = 0;
  private readonly hearers = new Set<Hearer>();
  private readonly enders = new Set<(why: string) => void>();
  /** Gets binary frames that are data. */
  onData: ((data: Uint8Array) => void) | null = null;
  /** What the device says by itself: progress of a zip, errors without a question, a wish to list again. */
  onSaid: (message: Record<string, unknown>) => void = () => undefined;

  constructor(
    readonly tunnel: Tunnel,
    ended: (why: string) => void,
  ) {
    tunnel.onText = (text) => this.hear(text);
    tunnel.onBinary = (data) => {
      // JSON begins with a brace; a block of a download with the byte 1.
      if (data[0] === 0x7b) this.hear(new TextDecoder().decode(data));
      else this.onData?.(data);
    };
    tunnel.onClose = (why) => {
      this.over = why;
      for (const end of [...this.enders]) end(why);
      ended(why);
    };
  }

  close(): void {
    this.tunnel.close();
  }

  send(command: Record<string, unknown>): void {
    if (this.over !== null) throw new Error(this.over);
    this.tunnel.sendText(JSON.stringify(command));
  }

  /** A number for the next question. */
  id(): number {
    return ++this.next;
  }

  /** Hears every JSON message until it says true, or the signal; rejects when the session ends or time is up. */
  until(hearer: Hearer, patienceMs: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.over !== null) return reject(new Error(this.over));
      let timer = 0;
      const arm = () => {
        clearTimeout(timer);
        if (patienceMs === Infinity) return;
        timer = window.setTimeout(() => finish(new Error("The device did not answer in time.")), patienceMs);
      };
      const finish = (error?: Error) => {
        clearTimeout(timer);
        this.hearers.delete(heard);
        this.enders.delete(ended);
        signal?.removeEventListener("abort", aborted);
        if (error) reject(error);
        else resolve();
      };
      const heard: Hearer = (message) => {
        try {
          const done = hearer(message);
          if (done) finish();
          else arm();
          return done;
        } catch (error) {
          finish(error as Error);
          return true;
        }
      };
      const ended = (why: string) => finish(new Error(why));
      const aborted = () => finish(new Error("Stopped."));
      signal?.addEventListener("abort", aborted);
      this.hearers.add(heard);
      this.enders.add(ended);
      arm();
    });
  }

  /** The names in a folder. */
  async list(path: string): Promise<Entry[]> {
    const reqid = this.id();
    let entries: Entry[] = [];
    const answered = this.until((message) => {
      if (message["reqid"] !== reqid || message["action"] !== undefined) return failed(message, reqid);
      if (!Array.isArray(message["dir"])) throw new Error("This folder cannot be read.");
      entries = message["dir"].slice(0, MAX_ENTRIES).filter(isRecord).map(entry);
      return true;
    }, ANSWER_MS);
    this.send({ action: "ls", reqid, path });
    await answered;
    return entries;
  }

  /** SHA-384 of a file, upper-case hexadecimal; null when the device cannot read it. */
  async hash(path: string, name: string): Promise<string | null> {
    const reqid = this.id();
    let hash: string | null = null;
    const answered = this.until((message) => {
      if (message["action"] !== "uploadhash" || message["reqid"] !== reqid) return failed(message, reqid);
      hash = typeof message["hash"] === "string" ? message["hash"].toUpperCase() : null;
      return true;
    }, 600_000);
    this.send({ action: "uploadhash", reqid, path, name, tag: { h: "", s: 0, skip: 0 } });
    await answered;
    return hash;
  }

  /** Finds names below a folder; calls `found` for each. */
  async find(path: string, filter: string, found: (path: string) => void, signal: AbortSignal): Promise<void> {
    const reqid = this.id();
    let count = 0;
    const answered = this.until(
      (message) => {
        if (message["action"] !== "findfile" || message["reqid"] !== reqid) return failed(message, reqid);
        if (message["r"] === null || message["r"] === undefined) return true;
        found(asText(message["r"]));
        return ++count >= 1000;
      },
      600_000,
      signal,
    );
    this.send({ action: "findfile", reqid, path, filter });
    try {
      await answered;
    } finally {
      if (this.over === null && (signal.aborted || count >= 1000)) this.send({ action: "cancelfindfile", reqid });
    }
  }

  private hear(text: string): void {
    let message: unknown;
    try {
      message = JSON.parse(text);
    } catch {
      return;
    }
    if (!isRecord(message)) return;
    if (String(message["ctrlChannel"]) === "102938") {
      if (message["type"] === "ping") this.tunnel.sendText('{"ctrlChannel":"102938","type":"pong"}');
      else this.onSaid(message);
      return;
    }
    let taken = false;
    for (const hearer of [...this.hearers]) taken = hearer(message) || taken;
    if (!taken) this.onSaid(message);
  }
}

/** An error that answers this question; otherwise false: the message is for somebody else. */
function failed(message: Record<string, unknown>, reqid: number): boolean {
  if (message["action"] === "error" && message["reqid"] === reqid) throw new Error(asText(message["error"] ?? message["msg"]) || "The device refused.");
  return false;
}

function entry(one: Record<string, unknown>): Entry {
  const size = Number(one["s"]);
  return {
    name: asText(one["n"]),
    kind: one["t"] === 1 ? "drive" : one["t"] === 2 ? "folder" : "file",
    size: one["s"] !== undefined && Number.isFinite(size) ? size : null,
    time: asText(one["d"]),
  };
}

/** Puts a name behind a folder. */
export function join(folder: string, name: string): string {
  if (folder === "") return name;
  return folder.endsWith("/") || folder.endsWith("\\") ? folder + name : `${folder}/${name}`;
}
