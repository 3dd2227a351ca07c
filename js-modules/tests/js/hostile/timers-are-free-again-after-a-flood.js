const assert = require('assert');
let made = [];
assert.throws(() => { for (;;) made.push(setInterval(() => {}, 1e6)); }, { code: 'ERR_TOO_MANY_TIMERS' });
assert(made.length >= 1000);
made.forEach(clearInterval);
made = [];
// A million in turn is no flood: each goes before the next comes.
for (let n = 0; n < 1e5; n++) clearTimeout(setTimeout(() => {}, 1e6));
let fired = false;
setTimeout(() => { fired = true; }, 1);
process.on('exit', () => assert(fired));
