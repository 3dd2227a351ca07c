import assert from "node:assert/strict";
import { test } from "node:test";
import { bytes, span, time } from "../../src/format.ts";

test("sizes have three figures at most and a unit", () => {
  assert.deepEqual([0, 1023, 1024, 1536, 10_240, 1_048_575, 5e9].map(bytes), ["0 B", "1023 B", "1.0 KiB", "1.5 KiB", "10 KiB", "1.0 MiB", "4.7 GiB"]);
  assert.deepEqual([null, undefined, "x", -1, Infinity].map(bytes), ["", "", "", "", ""]);
});

test("spans of time", () => {
  assert.deepEqual([0, 400, 59_000, 61_000, 7_200_000, 200_000_000].map(span), ["0 s", "<1 s", "59 s", "1 min", "2 h", "2 d"]);
});

test("what is no time is none", () => {
  assert.equal(time("yesterday-ish"), null);
  assert.equal(time({}), null);
  assert.equal(time(0), null);
  assert.equal(time("2026-11-28T12:00:00Z")?.getTime(), 1795867200000);
});
