import assert from "node:assert/strict";
import { test } from "node:test";
import { join, FilesSession } from "../../src/files/session.ts";
import { download, escaped, upload } from "../../src/files/transfer.ts";
import type { Tunnel } from "../../src/tunnel.ts";

// Just enough of a browser for a session without one.
Object.assign(globalThis, { window: globalThis });

interface Device {
  session: FilesSession;
  tunnel: Tunnel;
  texts: Record<string, unknown>[];
  blocks: Uint8Array[];
  say(message: Record<string, unknown>): void;
}

/** A session with a device that is played by `hear`. */
function device(hear: (device: Device, message: Record<string, unknown> | Uint8Array) => void): Device {
  const made: Device = {
    texts: [],
    blocks: [],
  } as unknown as Device;
  made.say = (message) => made.tunnel.onText(JSON.stringify(message));
  made.tunnel = {
    secure: "relay",
    recorded: false,
    buffered: 0,
    send(data: Uint8Array) {
      made.blocks.push(data);
      queueMicrotask(() => hear(made, data));
    },
    sendText(text: string) {
      const message = JSON.parse(text) as Record<string, unknown>;
      made.texts.push(message);
      queueMicrotask(() => hear(made, message));
    },
    onBinary: () => undefined,
    onText: () => undefined,
    onClose: () => undefined,
    close: () => made.tunnel.onClose("The session was closed."),
  };
  made.session = new FilesSession(made.tunnel, () => undefined);
  return made;
}

const quiet = new AbortController().signal;

test("blocks that look like JSON or like the escape get a zero in front", () => {
  assert.deepEqual([...escaped(Uint8Array.of(123, 1))], [0, 123, 1]);
  assert.deepEqual([...escaped(Uint8Array.of(0, 1))], [0, 0, 1]);
  assert.deepEqual([...escaped(Uint8Array.of(1, 0))], [1, 0]);
});

test("an upload has eight blocks under way at most, and ends when all are acknowledged", async () => {
  let under = 0;
  let most = 0;
  const made = device((at, message) => {
    if (message instanceof Uint8Array) {
      most = Math.max(most, ++under);
      setTimeout(() => {
        under--;
        at.say({ action: "uploadack", reqid: at.texts[0]!["reqid"] });
      }, 1);
    } else if (message["action"] === "upload") at.say({ action: "uploadstart", reqid: message["reqid"] });
    else if (message["action"] === "uploaddone") at.say({ action: "uploaddone", reqid: message["reqid"] });
  });
  const file = new Blob([new Uint8Array(65_536 * 20 + 5).fill(0)]);
  let last = 0;
  await upload(made.session, "/tmp", "x", file, 65_536, (done) => (last = done), quiet);
  assert.equal(last, file.size);
  assert.equal(made.blocks.length, 20);
  assert.equal(made.texts[0]!["append"], true);
  assert(most <= 8, `${most} under way`);
});

test("an upload that the device refuses fails with the device's words", async () => {
  const made = device((at, message) => {
    if (!(message instanceof Uint8Array) && message["action"] === "upload") at.say({ action: "uploaderror", reqid: message["reqid"], error: "disk full" });
  });
  await assert.rejects(upload(made.session, "/", "x", new Blob(["abc"]), 0, () => undefined, quiet), /disk full/);
});

test("an empty file is one download block and no upload block", async () => {
  const made = device((at, message) => {
    if (message instanceof Uint8Array) return;
    if (message["action"] === "upload") at.say({ action: "uploadstart", reqid: message["reqid"] });
    if (message["action"] === "uploaddone") at.say({ action: "uploaddone", reqid: message["reqid"] });
    if (message["sub"] === "start") at.say({ action: "download", sub: "start", id: message["id"] });
    if (message["sub"] === "startack") at.tunnel.onBinary(Uint8Array.of(1, 0, 0, 1));
  });
  await upload(made.session, "/", "x", new Blob([]), 0, () => undefined, quiet);
  assert.equal(made.blocks.length, 0);
  assert.equal((await download(made.session, "/x", 0, () => undefined, quiet)).size, 0);
});

test("a download acknowledges each block but the last, and keeps the bytes in order", async () => {
  const data = new Uint8Array(100_000).map((_, at) => (at * 7) % 251);
  let at = 0;
  const next = (made: Device) => {
    const part = data.subarray(at, (at += 16_380));
    made.tunnel.onBinary(Uint8Array.of(1, 0, 0, at >= data.length ? 1 : 0, ...part));
  };
  const made = device((one, message) => {
    if (message instanceof Uint8Array) return;
    if (message["sub"] === "start") one.say({ action: "download", sub: "start", id: message["id"] });
    if (message["sub"] === "startack" || message["sub"] === "ack") next(one);
  });
  const blob = await download(made.session, "/x", data.length, () => undefined, quiet);
  assert.deepEqual(new Uint8Array(await blob.arrayBuffer()), data);
  assert.equal(made.texts.filter((one) => one["sub"] === "ack").length, 6);
});

test("blocks of a download that was stopped are not taken for the next one", async () => {
  let ends = () => undefined as void;
  const made = device((one, message) => {
    if (message instanceof Uint8Array) return;
    const { sub, id, path } = message;
    if (sub === "start" && path === "/a") one.say({ action: "download", sub: "start", id });
    if (sub === "startack" && id === 1) ends();
    if (sub === "start" && path === "/b") {
      // Still on their way when the device heard of the stop.
      one.tunnel.onBinary(Uint8Array.of(1, 0, 0, 0, 65, 65));
      one.tunnel.onBinary(Uint8Array.of(1, 0, 0, 1, 65));
      one.say({ action: "download", sub: "start", id: 1 });
      one.tunnel.onBinary(Uint8Array.of(1, 0, 0, 1, 65));
      one.say({ action: "download", sub: "start", id });
    }
    if (sub === "startack" && id === 2) one.tunnel.onBinary(Uint8Array.of(1, 0, 0, 1, 66));
  });
  const abort = new AbortController();
  ends = () => abort.abort();
  await assert.rejects(download(made.session, "/a", 3, () => undefined, abort.signal), /Stopped/);
  const blob = await download(made.session, "/b", 1, () => undefined, quiet);
  assert.equal(await blob.text(), "B");
  assert.deepEqual(made.texts.map((one) => [one["sub"], one["id"]]), [["start", 1], ["startack", 1], ["stop", 1], ["start", 2], ["startack", 2]]);
});

test("a transfer ends when the session does", async () => {
  const made = device((at, message) => {
    if (!(message instanceof Uint8Array) && message["sub"] === "start") at.tunnel.close();
  });
  await assert.rejects(download(made.session, "/x", 5, () => undefined, quiet), /closed/);
});

test("names are put behind folders", () => {
  assert.deepEqual([join("/", "a"), join("/a", "b"), join("C:\\", "x"), join("", "C:")], ["/a", "/a/b", "C:\\x", "C:"]);
});
