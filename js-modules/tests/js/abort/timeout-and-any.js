const assert = require('assert');
const slow = AbortSignal.timeout(5);
const controller = new AbortController();
const any = AbortSignal.any([controller.signal, slow]);
const chained = AbortSignal.any([any]);
assert.strictEqual(any.aborted, false);
const order = [];
any.addEventListener('abort', () => order.push(['any', chained.aborted, any.reason.name]));
chained.addEventListener('abort', () => order.push(['chained']));
slow.addEventListener('abort', () => order.push(['slow', any.aborted]));
assert.strictEqual(AbortSignal.any([]).aborted, false);
assert.strictEqual(AbortSignal.any([AbortSignal.abort(1), AbortSignal.abort(2)]).reason, 1);
assert.throws(() => AbortSignal.any(3), { code: 'ERR_INVALID_ARG_TYPE' });
assert.throws(() => AbortSignal.any([3]), { code: 'ERR_INVALID_ARG_TYPE' });
assert.throws(() => AbortSignal.timeout(-1), { code: 'ERR_OUT_OF_RANGE' });
assert.throws(() => AbortSignal.timeout('1'), { code: 'ERR_INVALID_ARG_TYPE' });
setTimeout(() => {
    assert.deepStrictEqual([slow.reason.name, slow.reason.code, slow.reason.message], ['TimeoutError', 23, 'The operation was aborted due to timeout']);
    assert.strictEqual(any.reason, slow.reason);
    assert.deepStrictEqual(order.map(([name]) => name), ['slow', 'any', 'chained']);
    controller.abort();
    assert.strictEqual(any.reason, slow.reason, 'the first reason stays');
}, 30);
// Alone it does not hold the script.
AbortSignal.timeout(3600000);
