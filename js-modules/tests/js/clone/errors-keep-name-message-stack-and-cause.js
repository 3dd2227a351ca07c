const assert = require('assert');
const error = Object.assign(new RangeError('far', { cause: { why: 1 } }), { code: 'LOST' });
const copy = structuredClone(error);
assert.ok(copy instanceof RangeError);
assert.deepStrictEqual([copy.name, copy.message, copy.stack, copy.code], ['RangeError', 'far', error.stack, undefined]);
assert.deepStrictEqual(copy.cause, { why: 1 });
assert.deepStrictEqual(Object.keys(copy), []);
class Own extends TypeError {}
assert.ok(structuredClone(new Own('x')) instanceof TypeError);
const odd = new Error('x');
odd.name = 'Odd';
assert.strictEqual(structuredClone(odd).name, 'Error');
assert.strictEqual('message' in Object.getOwnPropertyDescriptors(structuredClone(new Error())), false);
assert.ok(require('util').types.isNativeError(copy));
