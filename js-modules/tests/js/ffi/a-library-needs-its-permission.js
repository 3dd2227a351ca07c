//: manifest { "name": "ffi", "version": "1", "permissions": { "ffi": ["libm.so.6"] } }
const assert = require('assert');
const ffi = require('ffi');
const denied = (resource, body) => assert.throws(body, { code: 'ERR_ACCESS_DENIED', permission: 'ffi', resource });
assert.strictEqual(ffi.open('libm.so.6').func('double sqrt(double)')(9), 3);
denied('libc.so.6', () => ffi.open('libc.so.6'));
denied('self', () => ffi.open(null));
denied('/tmp/libm.so.6', () => ffi.open('/tmp/libm.so.6'));
denied(process.cwd() + '/./libm.so.6', () => ffi.open('./libm.so.6'));
