// What the sources must not do, whoever writes them.

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";

const FORBIDDEN: [RegExp, string][] = [
  [/\b(inner|outer)HTML\b|insertAdjacentHTML|document\.write|createContextualFragment|DOMParser|srcdoc/, "writes markup"],
  [/\beval\(|new Function\(|setTimeout\(\s*["'`]/, "runs text"],
  [/setAttribute\(\s*["']style|createElement\(\s*["'](style|script)["']/, "makes inline styles or scripts"],
  [/javascript:/, "makes a script of an address"],
  [/https?:\/\/(?!www\.w3\.org\/)/, "names another server"],
];

test("no source writes markup, runs text, or needs another server", () => {
  const files = readdirSync("src", { recursive: true, encoding: "utf8" }).filter((name) => /\.(ts|css)$/.test(name));
  assert(files.length > 30, "the sources were found");
  for (const name of files) {
    const text = readFileSync(`src/${name}`, "utf8");
    for (const [pattern, what] of FORBIDDEN) {
      const found = pattern.exec(text);
      assert(!found, `${name} ${what}: ${found?.[0]}`);
    }
  }
});
