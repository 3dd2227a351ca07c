//: prints rejected as wanted
const assert = require('assert');
const boom = () => {
    throw Object.assign(new TypeError('boom here'), { code: 'E' });
};
assert.throws(boom);
assert.throws(boom, TypeError);
assert.throws(boom, /boom/);
assert.throws(boom, { name: 'TypeError', message: /^boom/, code: 'E' });
assert.throws(boom, (e) => e.code === 'E');
assert.throws(boom, new TypeError('boom here'));
assert.throws(() => assert.throws(boom, RangeError), /expected to be an instance of "RangeError". Received "TypeError"/);
assert.throws(() => assert.throws(boom, { code: 'F' }), assert.AssertionError);
assert.throws(() => assert.throws(boom, /x/), assert.AssertionError);
assert.throws(() => assert.throws('x'), { code: 'ERR_INVALID_ARG_TYPE' });
assert.rejects(Promise.reject(new Error('r')), /r/).then(() => console.log('rejected as wanted'));
assert.rejects(async () => {}).catch((e) => assert.strictEqual(e.message, 'Missing expected rejection.'));
assert.strict.equal(1, 1);
assert.throws(() => assert.strict.equal(1, '1'));
assert.throws(() => assert.strictEqual(1), { code: 'ERR_MISSING_ARGS' });
