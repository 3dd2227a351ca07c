const assert = require('assert');
const start = Date.now();
let fired = 0;
const t = setTimeout(() => {
    if (++fired === 1) {
        assert.ok(Date.now() - start >= 55, `${Date.now() - start}`);
        t.refresh(); // a timer that fired can start again
    }
}, 40);
setTimeout(() => t.refresh(), 20);
process.on('exit', () => assert.strictEqual(fired, 2));
