//: permissions none
const assert = require('assert');
const ffi = require('ffi');
const denied = (body) => assert.throws(body, { code: 'ERR_ACCESS_DENIED', permission: 'ffi' });
denied(() => ffi.open('libc.so.6'));
denied(() => ffi.alloc(8));
denied(() => ffi.read(0x1000n, 8));
denied(() => ffi.write(0x1000n, Buffer.from('x')));
denied(() => ffi.readCString(0x1000n));
denied(() => ffi.callback('void', [], () => 0));
assert.strictEqual(ffi.sizeof('int'), 4);
