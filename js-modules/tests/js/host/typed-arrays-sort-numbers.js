const assert = require('assert');
assert.deepStrictEqual([...new Float64Array([3, -0, NaN, 0, -1]).sort()], [-1, -0, 0, 3, NaN]);
assert.deepStrictEqual([...new Uint8Array([3, 1, 2]).sort((a, b) => b - a)], [3, 2, 1]);
const source = new BigInt64Array([3n, -1n, 2n]);
const sorted = source.toSorted((a, b) => (a < b ? 1 : -1));
assert.ok(sorted instanceof BigInt64Array);
assert.deepStrictEqual([...sorted], [3n, 2n, -1n]);
assert.deepStrictEqual([...source], [3n, -1n, 2n]);
