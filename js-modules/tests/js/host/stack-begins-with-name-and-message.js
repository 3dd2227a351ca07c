const assert = require('assert');
const e = new TypeError('what');
assert.match(e.stack, /^TypeError: what\n {4}at .*stack-begins-with-name-and-message\.js:2:\d+\)/);
assert.strictEqual(Object.keys(e).length, 0);
e.stack = 'mine';
assert.strictEqual(e.stack, 'mine');
