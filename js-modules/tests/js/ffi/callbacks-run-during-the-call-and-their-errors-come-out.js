const assert = require('assert');
const ffi = require('ffi');
const libc = ffi.open(null);
const qsort = libc.func('void qsort(void *base, size_t n, size_t size, int (*compare)(const void *, const void *))');
const compare = ffi.callback('int', ['pointer', 'pointer'], (a, b) => ffi.read(a, 'i32') - ffi.read(b, 'i32'));
const numbers = Int32Array.from([5, -1, 3, 9, 0]);
qsort(numbers, numbers.length, 4, compare);
assert.deepStrictEqual([...numbers], [-1, 0, 3, 5, 9]);

let calls = 0;
const throwing = ffi.callback('int', ['pointer', 'pointer'], () => { calls++; throw new Error('from inside'); });
assert.throws(() => qsort(numbers, 5, 4, throwing), /from inside/);
assert.strictEqual(calls, 1, 'after the error C runs on without the script');

// A call inside a callback of a call.
const nested = ffi.callback('int', ['pointer', 'pointer'], (a, b) => {
    const two = Int32Array.from([2, 1]);
    qsort(two, 2, 4, compare);
    assert.strictEqual(two[0], 1);
    return ffi.read(a, 'i32') - ffi.read(b, 'i32');
});
qsort(numbers, 5, 4, nested);

// The buffer may go while C sorts its copy.
const ring = new ArrayBuffer(16, { maxByteLength: 64 });
const shrinking = ffi.callback('int', ['pointer', 'pointer'], () => { ring.resize(4); return 0; });
qsort(new Uint8Array(ring), 4, 4, shrinking);
compare.close();
