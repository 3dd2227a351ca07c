const assert = require('assert');
const buffer = new Uint8Array([1, 2, 3, 4, 5, 6, 7, 8]).buffer;
const { a, b, raw } = structuredClone({ a: new Uint16Array(buffer, 2, 2), b: new DataView(buffer, 4), raw: buffer });
assert.deepStrictEqual([...a], [0x0403, 0x0605]);
assert.strictEqual(a.buffer, raw);
assert.strictEqual(b.buffer, raw);
assert.deepStrictEqual([a.byteOffset, b.byteOffset, b.byteLength], [2, 4, 4]);
new Uint8Array(raw)[2] = 99;
assert.strictEqual(new Uint8Array(buffer)[2], 3);
for (const Class of [Int8Array, Uint8ClampedArray, Int32Array, Uint32Array, Float32Array, Float64Array]) {
    const copy = structuredClone(new Class([1, 2]));
    assert.ok(copy instanceof Class);
    assert.deepStrictEqual([...copy], [1, 2]);
}
assert.deepStrictEqual([...structuredClone(new BigInt64Array([5n]))], [5n]);
assert.strictEqual(Buffer.isBuffer(structuredClone(Buffer.from('x'))), false);
assert.strictEqual(String.fromCharCode(...structuredClone(Buffer.from('abc'))), 'abc');
