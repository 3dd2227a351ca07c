const assert = require('assert');
let seen = 0;
for (const index of [0, 1, 2]) {
    Object.defineProperty(Array.prototype, index, {
        configurable: true,
        get() { return undefined; },
        set() { seen++; },
    });
}
let failed = null;
try {
    assert.strictEqual(Buffer.from([1, 2, 3]).toString('hex'), '010203');
    assert.deepStrictEqual(JSON.parse('[1,2]').length, 2);
    assert.strictEqual('a,b,c'.split(',').length, 3);
    assert.strictEqual([3, 1, 2].sort()[0], 1);
} catch (error) {
    failed = error;
}
for (const index of [0, 1, 2]) delete Array.prototype[index];
if (failed) throw failed;
assert.deepStrictEqual('a,b,c'.split(','), ['a', 'b', 'c']);
