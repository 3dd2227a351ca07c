const assert = require('assert');
const order = [];
setTimeout(() => order.push('c'), 20);
setTimeout(() => order.push('a'), 1);
setTimeout(() => order.push('b'), 0);
setTimeout(() => order.push('b2'), -5);
setTimeout(() => order.push('b3'), NaN);
process.on('exit', () => assert.deepStrictEqual(order, ['a', 'b', 'b2', 'b3', 'c']));
