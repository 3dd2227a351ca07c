const assert = require('assert');
assert.throws(() => new ArrayBuffer(2 ** 31), RangeError);
assert.throws(() => new Uint8Array(2 ** 31), RangeError);
assert.throws(() => Buffer.alloc(2 ** 31), { code: 'ERR_OUT_OF_RANGE' });
assert.strictEqual(new ArrayBuffer(1024).byteLength, 1024);
