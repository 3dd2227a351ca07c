import assert from "node:assert/strict";
import { test } from "node:test";
import { Flow } from "../../src/flow.ts";

const BLOCK = new Uint8Array(64 << 10);

test("a session waits above 1 MiB that is not shown, and goes on below 256 KiB", () => {
  const done: (() => void)[] = [];
  const said: boolean[] = [];
  const flow = new Flow((_, shown) => done.push(shown));
  const tunnel = { pause: (on: boolean) => void said.push(on) };
  for (let n = 0; n < 16; n++) assert(flow.take(tunnel, BLOCK));
  assert.deepEqual(said, []);
  assert(flow.take(tunnel, BLOCK));
  assert(flow.take(tunnel, BLOCK));
  assert.deepEqual(said, [true]);
  for (let n = 0; n < 14; n++) done.shift()!();
  assert.deepEqual(said, [true]);
  while (done.length > 0) done.shift()!();
  assert.deepEqual(said, [true, false]);
});

test("a new session is held back by what the old one left, and let go itself", () => {
  const done: (() => void)[] = [];
  const said: string[] = [];
  const flow = new Flow((_, shown) => done.push(shown));
  const named = (name: string) => ({ pause: (on: boolean) => void said.push(`${name} ${on}`) });
  const [old, next] = [named("old"), named("next")];
  for (let n = 0; n < 17; n++) flow.take(old, BLOCK);
  flow.take(next, BLOCK);
  while (done.length > 0) done.shift()!();
  assert.deepEqual(said, ["old true", "next true", "next false"]);
});

test("a session that cannot wait is refused above 32 MiB", () => {
  let shown = 0;
  const flow = new Flow(() => shown++);
  for (let n = 0; n < 512; n++) assert(flow.take({}, BLOCK));
  assert.equal(flow.take({}, BLOCK), false);
  assert.equal(shown, 512);
});
