const assert = require('assert');
const EventEmitter = require('events');
const e = new EventEmitter();
const error = new Error('mine');
assert.throws(() => e.emit('error', error), (thrown) => thrown === error);
assert.throws(() => e.emit('error', { a: 1 }), {
    code: 'ERR_UNHANDLED_ERROR', message: 'Unhandled error. ({ a: 1 })', context: { a: 1 },
});
let monitored = 0;
e.on(EventEmitter.errorMonitor, () => monitored++);
assert.throws(() => e.emit('error', error));
e.on('error', () => {});
assert.strictEqual(e.emit('error', error), true);
assert.strictEqual(monitored, 2);
