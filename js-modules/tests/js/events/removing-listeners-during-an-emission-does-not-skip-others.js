const assert = require('assert');
const EventEmitter = require('events');
const e = new EventEmitter();
const seen = [];
const b = () => seen.push('b');
e.on('x', () => {
    seen.push('a');
    e.removeListener('x', b);
});
e.on('x', b);
e.emit('x');
e.emit('x');
assert.deepStrictEqual(seen, ['a', 'b', 'a']);
e.removeAllListeners('x');
assert.deepStrictEqual(e.eventNames(), []);
assert.strictEqual(e.listenerCount('x'), 0);
