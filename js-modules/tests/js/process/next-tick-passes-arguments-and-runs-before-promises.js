const assert = require('assert');
const order = [];
Promise.resolve().then(() => {
    order.push('p');
    process.nextTick(() => order.push('tick from p'));
}).then(() => order.push('p2'));
process.nextTick((a, b) => order.push(a + b), 1, 2);
assert.throws(() => process.nextTick(5), { code: 'ERR_INVALID_ARG_TYPE' });
process.on('exit', () => assert.deepStrictEqual(order, [3, 'p', 'p2', 'tick from p']));
