import assert from "node:assert/strict";
import { test } from "node:test";
import { ALL_DISPLAYS, Decoder, MAX_COMMAND, type Command } from "../../src/desktop/decoder.ts";
import * as encode from "../../src/desktop/encoder.ts";
import { keyCode, typedText } from "../../src/desktop/keys.ts";
import { Wheel } from "../../src/desktop/wheel.ts";

const bytes = (hex: string) => new Uint8Array((hex.match(/../g) ?? []).map((pair) => parseInt(pair, 16)));
const hex = (data: Uint8Array) => [...data].map((byte) => byte.toString(16).padStart(2, "0")).join("");
const one = (text: string): Command | undefined => new Decoder().feed(bytes(text))[0];

// Seen between MeshCentral 1.1.55's page and the real agent on a screen of 800 by 600.
const SEEN = ["0007000803200258", "000c000500", "0012000500", "000b000a000100000000", "0007000803200258", "005800050e"];

test("what the real agent sends first is understood", () => {
  const decoder = new Decoder();
  const commands = SEEN.flatMap((frame) => decoder.feed(bytes(frame)));
  assert.deepEqual(commands, [
    { kind: "size", width: 800, height: 600 },
    { kind: "locks", num: false, scroll: false, caps: false },
    { kind: "displays", ids: [0], selected: 0 },
    { kind: "size", width: 800, height: 600 },
    { kind: "cursor", index: 14 },
  ]);
});

test("a picture in one frame, in three, and as a JUMBO cut at every byte", () => {
  const image = Uint8Array.from({ length: 300 }, (_, at) => at & 0xff);
  const plain = new Uint8Array([0, 3, 0x01, 0x34, 0, 32, 0, 64, ...image]);
  const jumbo = new Uint8Array([0, 27, 0, 8, 0, 0, 0x01, 0x34, 0, 3, 0, 0, 0, 32, 0, 64, ...image]);
  const wanted = [{ kind: "picture", x: 32, y: 64, image }];
  const read = (decoder: Decoder, frames: Uint8Array[]) =>
    frames.flatMap((frame) => decoder.feed(frame)).map((c) => (c.kind === "picture" ? { ...c, image: new Uint8Array(c.image) } : c));
  assert.deepEqual(read(new Decoder(), [plain]), wanted);
  assert.deepEqual(read(new Decoder(), [plain.subarray(0, 10), plain.subarray(10, 200), plain.subarray(200)]), wanted);
  // A head is never cut: each command begins a frame.
  for (let cut = 8; cut < jumbo.length; cut++) {
    assert.deepEqual(read(new Decoder(), [jumbo.subarray(0, cut), jumbo.subarray(cut)]), wanted, `cut at ${cut}`);
  }
  assert.deepEqual(read(new Decoder(), [plain, jumbo, plain]), [...wanted, ...wanted, ...wanted]);
});

test("what is unknown, short or nonsense is skipped, and the next command is read", () => {
  for (const frame of ["", "00", "000000", "00000000", "00030003ff", "006300060102", "0003000700010002", "000b00060005"]) {
    const decoder = new Decoder();
    assert.deepEqual(decoder.feed(bytes(frame)), [], frame);
    if (frame !== "0003000700010002") assert.deepEqual(decoder.feed(bytes("00580005" + "05")), [{ kind: "cursor", index: 5 }], frame);
  }
  assert.deepEqual(one("00630006aabb0058000505"), { kind: "cursor", index: 5 });
});

test("a command beyond the cap ends the session before anything is kept", () => {
  const huge = (MAX_COMMAND + 1).toString(16).padStart(8, "0");
  assert.throws(() => one(`001b0008${huge}00030000`), /announced/);
});

test("displays, messages and errors", () => {
  assert.deepEqual(one("000b000e000300010002ffffffff"), { kind: "displays", ids: [1, 2, ALL_DISPLAYS], selected: ALL_DISPLAYS });
  assert.deepEqual(one("0052000e00010000000003200258"), { kind: "places", places: [{ id: 1, x: 0, y: 0, width: 800, height: 600 }] });
  assert.deepEqual(one("00410007" + "2e6869"), { kind: "error", text: "hi", quiet: true });
  assert.deepEqual(one("00110006" + "6869"), { kind: "message", text: "hi" });
  assert.deepEqual(one("0057000501"), { kind: "input-lock", locked: true });
});

test("what a viewer sends is what MeshCentral's page does", () => {
  assert.equal(hex(encode.settings({ quality: 60, scale: 1024, interval: 100 })), "0005000a013c04000064");
  assert.equal(hex(encode.pause(false)), "0008000500");
  assert.equal(hex(encode.refresh()), "00060004");
  assert.equal(hex(encode.move(500, 120)), "0002000a000001f40078");
  assert.equal(hex(encode.button("left", true, 500, 120)), "0002000a000201f40078");
  assert.equal(hex(encode.button("left", false, 500, 120)), "0002000a000401f40078");
  assert.equal(hex(encode.button("middle", false, 1, 2)), "0002000a004000010002");
  assert.equal(hex(encode.wheel(1, 2, -120)), "0002000c000000010002ff88");
  assert.equal(hex(encode.key(13, true, false)), "00010006000d");
  assert.equal(hex(encode.key(46, false, true)), "00010006032e");
  assert.equal(hex(encode.unicode(0x41, true)), "00550007000041");
  assert.equal(hex(encode.setDisplay(ALL_DISPLAYS)), "000c0006ffff");
  assert.equal(hex(encode.ctrlAltDelete()), "000a0004");
});

test("keys by their place, texts by their characters", () => {
  assert.deepEqual(keyCode("KeyA"), { code: 65, extended: false });
  assert.deepEqual(keyCode("Digit0"), { code: 48, extended: false });
  assert.deepEqual(keyCode("Numpad9"), { code: 105, extended: false });
  assert.deepEqual(keyCode("F12"), { code: 123, extended: false });
  assert.deepEqual(keyCode("ArrowUp"), { code: 38, extended: true });
  assert.equal(keyCode("F25"), null);
  assert.equal(keyCode("Fn"), null);
  const stroke = (key: string, more = {}) => typedText({ key, ctrlKey: false, altKey: false, metaKey: false, altGraph: false, ...more });
  assert.equal(stroke("é"), "é");
  assert.equal(stroke("😀"), "😀");
  assert.equal(stroke("Enter"), null);
  assert.equal(stroke("c", { ctrlKey: true }), null);
  assert.equal(stroke("@", { ctrlKey: true, altKey: true, altGraph: true }), "@");
});

test("a wheel turns by notches, a touch pad gathers them", () => {
  const wheel = new Wheel();
  assert.equal(wheel.take(100, 0), -120);
  assert.equal(wheel.take(-200, 0), 240);
  assert.deepEqual([40, 40, 40].map((delta) => wheel.take(delta, 0)), [0, 0, -120]);
  assert.equal(wheel.take(3, 1), -120);
  assert.equal(wheel.take(100_000, 2), -1200);
  assert.equal(new Wheel().take(0, 0), 0);
});
