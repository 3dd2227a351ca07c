// The vectors of the implementation in Rust, frame by frame; and what a client must refuse.
import { test } from "node:test";
import assert from "node:assert/strict";
import { fromBase64, toBase64, type Bytes } from "../../src/secure/bytes.ts";
import { Client, isFinal, type Link } from "../../src/secure/client.ts";
import { LinkKey } from "../../src/secure/keys.ts";
import { Half } from "../../src/secure/seal.ts";
import { secureTunnel, type RawTunnel } from "../../src/secure/index.ts";
import { Stream, WINDOW_BYTES } from "../../src/secure/stream.ts";
import vectors from "../../../../microstack/session/tests/vectors.json";

interface Step {
  do?: string;
  from?: string;
  text?: string;
  hex?: string;
  tunnel?: string;
  key?: string;
  nonce?: string;
  point?: string;
  message?: { text?: string; hex?: string };
  closed?: string;
  code?: number;
  user?: string;
  rights?: number;
}
const steps = vectors.steps as Step[];

/** A link that keeps what is sent. */
class Outbox implements Link {
  frames: (string | Uint8Array)[] = [];
  send(frame: Uint8Array): void {
    this.frames.push(frame);
  }
  sendText(frame: string): void {
    this.frames.push(frame);
  }
}

/** Until everything that was begun has been done: WebCrypto answers from other threads. */
async function settled(client: Client, ready: () => boolean): Promise<void> {
  for (let i = 0; i < 2000 && !ready(); i++) await client.flush().then(() => new Promise((go) => setTimeout(go, 1)));
}

test("the vectors are met, frame by frame", async () => {
  const client = new Client(bytes(vectors.node), vectors.protocol);
  const taken: object[] = [];
  client.onTaken = (one) => taken.push("binary" in one ? { hex: hex(one.binary) } : one);
  let link = new Outbox();
  for (const [at, step] of steps.entries()) {
    const where = `step ${at}`;
    if (step.do === "attach") {
      link = new Outbox();
      const key = await LinkKey.of(bytes(step.key), bytes(step.point));
      await client.attach(link, step.tunnel!, { key, nonce: bytes(step.nonce) });
    } else if (step.do === "cut") {
      client.detach();
    } else if (step.do === "send") {
      if (step.message!.text !== undefined) client.sendText(step.message!.text);
      else client.send(bytes(step.message!.hex));
    } else if (step.do === "take") {
      await settled(client, () => taken.length > 0);
      assert.deepEqual(taken.shift(), step.message ?? { closed: step.closed, code: step.code }, where);
    } else if (step.do === "opened") {
      assert.deepEqual([client.facts?.user, client.facts?.rights], [step.user, step.rights], where);
    } else if (step.from === "device") {
      if (step.text !== undefined) await client.handleText(step.text);
      else await client.handleBinary(bytes(step.hex));
    } else {
      await settled(client, () => link.frames.length > 0);
      const frame = link.frames.shift();
      if (step.text !== undefined) assert.deepEqual(JSON.parse(String(frame)), JSON.parse(step.text), where);
      else assert.equal(frame instanceof Uint8Array ? hex(frame) : String(frame), step.hex, where);
    }
  }
  assert(taken.length === 0);
});

test("keys change at their bound", async () => {
  const [sealer, opener] = [await Half.of(bytes(vectors.rekey.secret), 3), await Half.of(bytes(vectors.rekey.secret), 3)];
  for (const [n, frame] of vectors.rekey.frames.entries()) {
    assert.equal(hex(await sealer.seal(new Uint8Array(4).fill(n))), frame);
    assert.equal(hex(await opener.open(bytes(frame))), hex(new Uint8Array(4).fill(n)));
  }
});

/** A client that has said the first hello of the vectors, and the device's right answer to it. */
async function greeted(node = vectors.node): Promise<{ client: Client; answer: Record<string, string>; link: Outbox }> {
  const client = new Client(bytes(node), vectors.protocol);
  const attach = steps.find((step) => step.do === "attach")!;
  const key = await LinkKey.of(bytes(attach.key), bytes(attach.point));
  const link = new Outbox();
  await client.attach(link, attach.tunnel!, { key, nonce: bytes(attach.nonce) });
  link.frames.length = 0;
  const answer = JSON.parse(steps.find((step) => step.from === "device")!.text!) as Record<string, string>;
  return { client, answer, link };
}

test("a changed answer is refused, and nothing is sent", async () => {
  for (const [name, at] of [["hello", 5], ["hello", 100], ["hello", 135], ["sig", 9], ["key", 40]] as const) {
    const { client, answer, link } = await greeted();
    const changed = fromBase64(answer[name]!);
    changed[at]! ^= 1;
    answer[name] = toBase64(changed);
    await assert.rejects(client.handleText(JSON.stringify(answer)), /in between|cannot be read/);
    assert.deepEqual([link.frames.length, client.isUp], [0, false]);
  }
});

test("the key of another device is refused for good", async () => {
  const { client, answer } = await greeted("00".repeat(48));
  let error: unknown;
  await client.handleText(JSON.stringify(answer)).catch((why: unknown) => (error = why));
  assert.match((error as Error).message, /not the one of this device/);
  assert(isFinal(error));
});

test("nothing in the open is taken for an answer, and a refusal is said in words", async () => {
  for (const text of ["1", "{}", '{"ctrlChannel":"102938","type":"options"}', '{"type":"secure","v":2,"hello":""}']) {
    const { client } = await greeted();
    await assert.rejects(client.handleText(text), Error);
  }
  const { client } = await greeted();
  await assert.rejects(client.handleText('{"type":"secure","v":1,"error":"busy"}'), /too many sessions/);
});

test("changed, repeated and missing records do not open", async () => {
  const frames = vectors.rekey.frames;
  const fresh = (): Promise<Half> => Half.of(bytes(vectors.rekey.secret), 3);
  const changed = bytes(frames[0]);
  changed[0]! ^= 1;
  await assert.rejects((await fresh()).open(changed), Error);
  await assert.rejects((await fresh()).open(bytes(frames[1])), Error);
  const opener = await fresh();
  await opener.open(bytes(frames[0]));
  await assert.rejects(opener.open(bytes(frames[0])), Error);
});

test("a tunnel whose device does not prove itself is closed", async () => {
  let closed = false;
  const raw = {
    id: "tunnel-1", protocol: 1, secure: "relay", recorded: false, buffered: 0,
    send: () => undefined,
    sendText: () => setTimeout(() => raw.onText(JSON.stringify({ type: "secure", v: 1, error: "rights" })), 1),
    onText: (_: string) => undefined, onBinary: () => undefined, onClose: () => undefined,
    close: () => (closed = true),
  } as unknown as RawTunnel;
  const node = `node//${toBase64(bytes(vectors.node)).replace(/\+/g, "@").replace(/\//g, "$")}`;
  await assert.rejects(secureTunnel(raw, node, () => Promise.reject(new Error("no"))), /rights changed/);
  assert(closed);
});

test("what comes during a pause waits, unacknowledged, and is given in its order afterwards", () => {
  const stream = new Stream();
  const record = (n: number): Bytes => new Uint8Array(2 + 65_536).fill(n, 2).fill(1, 0, 1);
  stream.pause(true);
  const count = WINDOW_BYTES / 65_536;
  for (let n = 0; n < count; n++) stream.record(record(n));
  assert.deepEqual([stream.take(), stream.nextRecord(), stream.received], [null, null, count]);
  // A new link meanwhile says what was taken, not what has arrived.
  stream.attach(0);
  assert.equal(hex(stream.nextRecord()!), "020000000000000000");
  stream.pause(false);
  for (let n = 0; n < count; n++) assert.equal((stream.take() as { binary: Uint8Array }).binary[0], n);
  assert.equal(stream.take(), null);
  assert.equal(hex(stream.nextRecord()!), "020000000000000010");
  // Whoever goes on sending during a pause breaks the protocol.
  stream.pause(true);
  assert.throws(() => {
    for (let n = 0; n < count + 2; n++) stream.record(record(n));
  }, /more than it may/);
});

test("a client that pauses gives nothing, and a mistake of its owner is none of the link", async () => {
  const { client, answer } = await greeted();
  await client.handleText(JSON.stringify(answer));
  // The device's record acknowledges nothing: it does not matter what we sent.
  const frame = steps.find((step) => step.from === "device" && step.hex)!;
  const taken: object[] = [];
  client.onTaken = (one) => {
    taken.push(one);
    throw new Error("of the owner");
  };
  await client.pause(true);
  await client.handleBinary(bytes(frame.hex));
  assert.equal(taken.length, 0);
  const { error } = console;
  let logged = 0;
  console.error = () => void logged++;
  try {
    await client.pause(false);
  } finally {
    console.error = error;
  }
  assert.deepEqual([taken.length, client.isUp, logged], [1, true, 1]);
});

function bytes(text: string | undefined): Bytes {
  const pairs = text?.match(/../g) ?? [];
  return Uint8Array.from(pairs, (pair) => parseInt(pair, 16));
}

function hex(data: Uint8Array): string {
  return [...data].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
