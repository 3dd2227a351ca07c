const assert = require('assert');
const order = [];
setTimeout(() => {
    order.push('t1');
    Promise.resolve().then(() => order.push('p1'));
    process.nextTick(() => order.push('n1'));
}, 1);
setTimeout(() => order.push('t2'), 1);
const end = Date.now() + 5;
while (Date.now() < end);
process.on('exit', () => assert.deepStrictEqual(order, ['t1', 'n1', 'p1', 't2']));
