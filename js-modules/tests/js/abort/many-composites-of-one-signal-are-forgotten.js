// A signal that lives long must not collect those made of it.
const assert = require('assert');
const { signal } = new AbortController();
for (let at = 0; at < 3000; at++) AbortSignal.any([signal]);
const before = process.memoryUsage().rss;
for (let at = 0; at < 3000; at++) AbortSignal.any([signal]);
assert.ok(process.memoryUsage().rss - before < 32 * 2 ** 20);
