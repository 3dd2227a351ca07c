const assert = require('assert');
const order = [];
setImmediate(() => {
    order.push(1);
    setImmediate(() => order.push(3));
    process.nextTick(() => order.push('tick'));
});
setImmediate(() => order.push(2));
process.on('exit', () => assert.deepStrictEqual(order, [1, 'tick', 2, 3]));
