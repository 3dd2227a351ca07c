const assert = require('assert');
let deep = {};
for (let at = 0; at < 50000; at++) deep = at % 2 ? [deep] : { deep };
let copy = structuredClone(deep);
let depth = 0;
for (; copy !== undefined; copy = Array.isArray(copy) ? copy[0] : copy.deep) depth++;
assert.strictEqual(depth, 50001);
