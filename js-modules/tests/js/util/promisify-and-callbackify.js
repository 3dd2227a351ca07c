//: prints 3
//: prints no
//: prints null 5
//: prints bad
//: prints ERR_FALSY_VALUE_REJECTION
const assert = require('assert');
const { promisify, callbackify } = require('util');
const add = (a, b, cb) => setImmediate(cb, a < 0 ? new Error('no') : null, a + b);
(async () => {
    const p = promisify(add);
    assert.strictEqual(promisify(p), p);
    console.log(await p(1, 2));
    await p(-1, 2).catch((e) => console.log(e.message));
    callbackify(async (x) => x + 1)(4, (error, value) => console.log(error, value));
    callbackify(async () => {
        throw new Error('bad');
    })((error) => console.log(error.message));
    callbackify(() => Promise.reject())((error) => console.log(error.code));
})();
assert.throws(() => promisify(5), { code: 'ERR_INVALID_ARG_TYPE' });
