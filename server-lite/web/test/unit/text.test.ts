import assert from "node:assert/strict";
import { test } from "node:test";
import { block, cut, line } from "../../src/text.ts";

test("a long text is cut and never in the middle of a character", () => {
  assert.equal(cut("abc", 3), "abc");
  assert.equal(cut("abcd", 3), "ab…");
  assert.equal(cut("a😀b", 3), "a…");
  assert.equal(line("x".repeat(1_000_000)).length, 120);
});

test("hidden characters are seen", () => {
  assert.equal(line("exe\u202etxt.sh"), "exe⟨U+202E⟩txt.sh");
  assert.equal(line("a\u200bb\ufeffc\u00add"), "a⟨U+200B⟩b⟨U+FEFF⟩c⟨U+00AD⟩d");
  assert.equal(line("a\0b\nc\x7f\x1b[2J"), "a␀b␊c␡␛[2J");
});

test("paragraphs keep their lines and tabs, and nothing else that is hidden", () => {
  assert.equal(block("a\n\tb\r"), "a\n\tb␍");
});

test("values of the wrong type are no text", () => {
  for (const value of [null, undefined, {}, [], { toString: () => "<b>" }]) assert.equal(line(value), "");
  assert.equal(line(7), "7");
});
