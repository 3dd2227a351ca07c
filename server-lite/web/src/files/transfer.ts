// Uploads and downloads over a files session. One of each kind at a time: the protocol's data frames name no transfer.

import { asText } from "../text.ts";
import type { FilesSession } from "./session.ts";

export interface Progress {
  (done: number, total: number): void;
}

/** Bytes of an upload block. */
const BLOCK = 65_536;
/** Blocks under way that are not acknowledged yet. */
const WINDOW = 8;
/** Bytes after which what came of a download goes into a Blob, which the browser keeps outside of this page's memory. */
const FOLD = 8 << 20;
/** A transfer without any sign of life for this long has failed. */
const SILENCE_MS = 60_000;
/** Bytes that are hashed in the browser: it must hold them at once. */
export const MAX_HASHED = 512 << 20;

/**
 * Sends a file, from `offset` on when the device has the beginning already.
 *
 * A data block whose first byte could be taken for JSON or for the escape itself gets a zero in front.
 */
export async function upload(
  session: FilesSession,
  folder: string,
  name: string,
  file: Blob,
  offset: number,
  progress: Progress,
  signal: AbortSignal,
): Promise<void> {
  const reqid = session.id();
  let sent = offset;
  let acknowledged = offset;
  const under: number[] = [];
  let started = false;
  let all = false;
  let pumping = false;
  let broken: Error | null = null;

  const pump = async () => {
    if (pumping || all) return;
    pumping = true;
    try {
      while (started && under.length < WINDOW && sent < file.size && !signal.aborted && session.over === null) {
        const part = new Uint8Array(await file.slice(sent, sent + BLOCK).arrayBuffer());
        if (signal.aborted || session.over !== null) break;
        session.tunnel.send(escaped(part));
        sent += part.length;
        under.push(part.length);
      }
      if (started && sent >= file.size && under.length === 0 && !all && session.over === null) {
        all = true;
        session.send({ action: "uploaddone", reqid });
      }
    } catch (error) {
      broken = error instanceof Error ? new Error(`The file cannot be read: ${error.message}`) : new Error("The file cannot be read.");
      session.send({ action: "uploadcancel", reqid });
    } finally {
      pumping = false;
    }
  };

  const finished = session.until(
    (message) => {
      if (message["reqid"] !== undefined && message["reqid"] !== reqid) return false;
      switch (message["action"]) {
        case "uploadstart":
          started = true;
          void pump();
          return false;
        case "uploadack":
          acknowledged += under.shift() ?? 0;
          progress(acknowledged, file.size);
          void pump();
          return false;
        case "uploaddone":
          return all;
        case "uploadcancel":
          throw broken ?? new Error("The device stopped the upload.");
        case "uploaderror":
          throw new Error(asText(message["error"] ?? message["msg"]) || "The device cannot write this file.");
        default:
          return false;
      }
    },
    SILENCE_MS,
    signal,
  );
  session.send({ action: "upload", reqid, path: folder, name, size: file.size, ...(offset > 0 ? { append: true } : {}) });
  try {
    await finished;
  } catch (error) {
    if (signal.aborted && session.over === null) session.send({ action: "uploadcancel", reqid });
    throw error;
  }
}

/** Fetches a file. `size` is what the list said, for the progress; the device may send more or less. */
export async function download(
  session: FilesSession,
  path: string,
  size: number,
  progress: Progress,
  signal: AbortSignal,
): Promise<Blob> {
  const id = session.id();
  const folded: Blob[] = [];
  let parts: Uint8Array<ArrayBuffer>[] = [];
  let held = 0;
  let came = 0;
  let started = false;
  let complete = false;
  const over = new AbortController();
  const stop = () => over.abort();
  signal.addEventListener("abort", stop);

  const finished = new Promise<void>((resolve, reject) => {
    let timer = 0;
    const touch = () => {
      clearTimeout(timer);
      timer = window.setTimeout(() => fail(new Error("The device sends nothing any more.")), SILENCE_MS);
    };
    const fail = (error: Error) => {
      clearTimeout(timer);
      reject(error);
    };
    session.onData = (data) => {
      // Blocks carry no id. What comes before the device began this one belongs to a download that was stopped.
      if (!started || complete || data.length < 4) return;
      touch();
      const block = data.slice(4) as Uint8Array<ArrayBuffer>;
      parts.push(block);
      held += block.length;
      came += block.length;
      if (held >= FOLD) {
        folded.push(new Blob(parts));
        parts = [];
        held = 0;
      }
      progress(came, Math.max(size, came));
      if (data[3]! & 1) {
        complete = true;
        clearTimeout(timer);
        resolve();
      } else session.send({ action: "download", sub: "ack", id });
    };
    session
      .until(
        (message) => {
          if (message["action"] !== "download" || message["id"] !== id) return false;
          if (message["sub"] === "start") {
            started = true;
            session.send({ action: "download", sub: "startack", id, ack: 8 });
          }
          if (message["sub"] === "cancel") throw new Error(asText(message["error"]) || "The device cannot read this file.");
          return false;
        },
        // Silence is watched above: data is a sign of life, too.
        Infinity,
        over.signal,
      )
      .catch(fail);
    touch();
  });
  session.send({ action: "download", sub: "start", id, path });
  try {
    await finished;
  } catch (error) {
    if (session.over === null) session.send({ action: "download", sub: "stop", id });
    throw error;
  } finally {
    session.onData = null;
    signal.removeEventListener("abort", stop);
    stop();
  }
  return new Blob([...folded, ...parts]);
}

/** A block as it goes over the wire. */
export function escaped(block: Uint8Array): Uint8Array {
  if (block[0] !== 0 && block[0] !== 0x7b) return block;
  const longer = new Uint8Array(block.length + 1);
  longer.set(block, 1);
  return longer;
}

/** SHA-384 in upper-case hexadecimal, or null when it is too long to be hashed here. */
export async function sha384(data: Blob): Promise<string | null> {
  if (data.size > MAX_HASHED) return null;
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-384", await data.arrayBuffer()));
  return [...digest].map((byte) => byte.toString(16).padStart(2, "0")).join("").toUpperCase();
}
