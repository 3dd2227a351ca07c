const assert = require('assert');
const EventEmitter = require('events');
const e = new EventEmitter();
const seen = [];
e.on('x', function (a, b) {
    assert.strictEqual(this, e);
    seen.push(['first', a, b]);
});
e.prependListener('x', (a) => seen.push(['before', a]));
e.once('x', () => seen.push(['once']));
assert.strictEqual(e.emit('x', 1, 2), true);
assert.strictEqual(e.emit('x', 3), true);
assert.strictEqual(e.emit('y'), false);
assert.deepStrictEqual(seen, [['before', 1], ['first', 1, 2], ['once'], ['before', 3], ['first', 3, undefined]]);
