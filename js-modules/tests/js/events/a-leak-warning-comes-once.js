const assert = require('assert');
const EventEmitter = require('events');
const e = new EventEmitter();
const warnings = [];
process.on('warning', (w) => warnings.push(w));
for (let i = 0; i < 15; i++) e.on('x', () => {});
assert.strictEqual(e.getMaxListeners(), 10);
assert.throws(() => e.setMaxListeners(-1), { code: 'ERR_OUT_OF_RANGE' });
assert.throws(() => e.on('x', 5), { code: 'ERR_INVALID_ARG_TYPE',
    message: 'The "listener" argument must be of type function. Received type number (5)' });
setImmediate(() => {
    assert.strictEqual(warnings.length, 1);
    assert.strictEqual(warnings[0].name, 'MaxListenersExceededWarning');
    assert.strictEqual(warnings[0].count, 11);
});
