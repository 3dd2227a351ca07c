const assert = require('assert');
const fs = require('fs');
const gone = () => {
    const bytes = new Uint8Array(64);
    const view = Buffer.from(bytes.buffer, 8, 32);
    structuredClone(bytes.buffer, { transfer: [bytes.buffer] });
    return view;
};
assert.strictEqual(gone().length, 0);
const fd = fs.openSync('/dev/null', 'r+');
const calls = [
    (b) => fs.writeSync(fd, b), (b) => fs.readSync(fd, b, 0, 0, null), (b) => fs.readSync(fd, b),
    (b) => fs.writeFileSync('/dev/null', b), (b) => Buffer.concat([b, Buffer.from('x')]), (b) => b.toString('base64'),
    (b) => b.copy(Buffer.alloc(64)), (b) => Buffer.alloc(64).copy(b), (b) => Buffer.compare(b, Buffer.alloc(32)),
    (b) => b.fill('abc'), (b) => b.write('text', 4), (b) => b.readDoubleLE(0), (b) => b.swap64(), (b) => b.indexOf('a'),
    (b) => require('child_process').spawnSync('/bin/cat', { input: b }), (b) => new TextDecoder().decode(b),
    (b) => new (require('string_decoder').StringDecoder)().write(b), (b) => new TextEncoder().encodeInto('abc', b),
    (b) => structuredClone(b), (b) => process.stdout.write(b), (b) => b.slice(4).subarray(2).equals(b),
];
for (const call of calls) {
    try { call(gone()); } catch (error) { assert(error instanceof Error, String(error)); }
}
// Detached between the check of the arguments and the write: by the argument itself.
const bytes = new Uint8Array(64);
const view = Buffer.from(bytes.buffer);
try {
    view.fill('a', { valueOf() { bytes.buffer.transfer(); return 0; } }, 64);
} catch (error) {
    assert(error instanceof Error);
}
try {
    Buffer.from(new Uint8Array(8).buffer).write('abcdefgh', 0, { valueOf() { return 1e9; } });
} catch (error) {
    assert(error instanceof Error);
}
fs.closeSync(fd);
