const assert = require('assert');
const hex = (b) => b.toString('hex');
assert.strictEqual(hex(Buffer.from('a€')), '61e282ac');
assert.strictEqual(hex(Buffer.from([1, 256, -1, 2.9, '7', 'x'])), '0100ff020700');
assert.strictEqual(hex(Buffer.from(new Uint16Array([1, 258]))), '0102');
assert.strictEqual(hex(Buffer.from({ type: 'Buffer', data: [1, 2] })), '0102');
assert.strictEqual(hex(Buffer.from(new String('hi'))), '6869');
assert.strictEqual(hex(Buffer.from({ [Symbol.toPrimitive]: () => 'prim' })), '7072696d');
assert.strictEqual(hex(Buffer.from({ length: 2, 0: 5, 1: 6 })), '0506');
const ab = new ArrayBuffer(4);
const view = Buffer.from(ab, 1, 2);
view[0] = 9;
assert.deepStrictEqual([...new Uint8Array(ab)], [0, 9, 0, 0]);
const source = Buffer.from([1, 2]);
const copied = Buffer.from(source);
copied[0] = 7;
assert.strictEqual(source[0], 1);
for (const bad of [5, null, undefined, true, {}, () => {}, Symbol('x'), 5n]) {
    assert.throws(() => Buffer.from(bad), { code: 'ERR_INVALID_ARG_TYPE', name: 'TypeError' });
}
assert.throws(() => Buffer.from(ab, 5), { code: 'ERR_BUFFER_OUT_OF_BOUNDS' });
assert.throws(() => Buffer.from(ab, 1, 9), { code: 'ERR_BUFFER_OUT_OF_BOUNDS' });
assert.throws(() => Buffer.from('x', 'nope'), { code: 'ERR_UNKNOWN_ENCODING', message: 'Unknown encoding: nope' });
assert.ok(Buffer.of(1, 2).equals(source));
