const assert = require('assert');
const buffer = new Uint8Array([1, 2, 3]).buffer;
const view = new Uint8Array(buffer);
const copy = structuredClone({ view, buffer }, { transfer: [buffer] });
assert.deepStrictEqual([...copy.view], [1, 2, 3]);
assert.strictEqual(copy.view.buffer, copy.buffer);
assert.deepStrictEqual([buffer.byteLength, view.length], [0, 0]);
assert.throws(() => structuredClone(buffer), { name: 'DataCloneError' });
assert.strictEqual(structuredClone(1, { transfer: [buffer] }), 1);
// Nothing moves when the copy fails.
const kept = new ArrayBuffer(4);
assert.throws(() => structuredClone({ kept, f() {} }, { transfer: [kept] }), { name: 'DataCloneError' });
assert.strictEqual(kept.byteLength, 4);
assert.throws(() => structuredClone(1, { transfer: [1] }), TypeError);
assert.throws(() => structuredClone(1, { transfer: [kept, kept] }), { name: 'DataCloneError' });
assert.strictEqual(structuredClone(5, { transfer: new Set([kept]) }), 5);
assert.strictEqual(kept.byteLength, 0, 'also what is not in the value');
assert.deepStrictEqual(structuredClone({ a: 1 }, null), { a: 1 });
assert.deepStrictEqual(structuredClone({ a: 1 }, {}), { a: 1 });
