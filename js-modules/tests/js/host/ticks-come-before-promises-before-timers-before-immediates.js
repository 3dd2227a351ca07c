const assert = require('assert');
const order = [];
setTimeout(() => order.push('timer'), 1);
Promise.resolve().then(() => order.push('promise'));
queueMicrotask(() => order.push('microtask'));
process.nextTick(() => order.push('tick'));
order.push('main');
setTimeout(() => {
    setImmediate(() => order.push('immediate'));
    setTimeout(() => order.push('later timer'), 5);
    process.nextTick(() => order.push('tick in timer'));
}, 1);
process.on('exit', () => assert.deepStrictEqual(order, ['main', 'tick', 'promise', 'microtask', 'timer',
    'tick in timer', 'immediate', 'later timer']));
