const assert = require('assert');
const b = Buffer.alloc(16);
for (const [kind, bytes, values] of [['UInt8', 1, [0, 255]], ['Int8', 1, [-128, 127]], ['UInt16', 2, [0, 65535, 258]],
    ['Int16', 2, [-32768, 32767]], ['UInt32', 4, [0, 4294967295, 16909060]], ['Int32', 4, [-2147483648, 2147483647]],
    ['Float', 4, [1.5, -0, Infinity]], ['Double', 8, [Math.PI, -1e300]], ['BigInt64', 8, [-(2n ** 63n), 5n]],
    ['BigUInt64', 8, [2n ** 64n - 1n]]]) {
    for (const end of bytes === 1 ? [''] : ['LE', 'BE']) {
        for (const value of values) {
            assert.strictEqual(b[`write${kind}${end}`](value, 3), 3 + bytes);
            assert.strictEqual(b[`read${kind}${end}`](3), value, `${kind}${end}`);
        }
    }
}
b.writeUInt32BE(0x01020304, 0);
assert.strictEqual(b.toString('hex', 0, 4), '01020304');
b.writeUInt32LE(0x01020304, 0);
assert.strictEqual(b.toString('hex', 0, 4), '04030201');
for (let n = 1; n <= 6; n++) {
    const most = 2 ** (n * 8) - 1;
    assert.strictEqual(b.writeUIntBE(most, 0, n), n);
    assert.strictEqual(b.readUIntBE(0, n), most);
    assert.strictEqual(b.readIntLE(0, n), -1);
    b.writeIntLE(-2, 0, n);
    assert.strictEqual(b.readIntLE(0, n), -2);
}
assert.strictEqual(b.readUint16LE, b.readUInt16LE);
assert.ok(Number.isNaN(Buffer.from('7ff8000000000000', 'hex').readDoubleBE()));
