const assert = require('assert');
const { inspect } = require('util');
assert.strictEqual(inspect(Buffer.from('abc')), '<Buffer 61 62 63>');
assert.strictEqual(inspect(Buffer.alloc(0)), '<Buffer >');
assert.strictEqual(inspect(Buffer.alloc(52)), `<Buffer ${'00 '.repeat(50)}... 2 more bytes>`);
assert.strictEqual(inspect({ b: Buffer.from('a') }), '{ b: <Buffer 61> }');
