const assert = require('assert');
const EventEmitter = require('events');
const util = require('util');
function Thing() {
    EventEmitter.call(this);
}
util.inherits(Thing, EventEmitter);
const a = new Thing();
const b = new Thing();
let n = 0;
a.on('x', () => n++);
b.emit('x');
a.emit('x');
assert.strictEqual(n, 1);
assert.ok(a instanceof EventEmitter);
assert.strictEqual(Thing.super_, EventEmitter);
class Other extends EventEmitter {}
assert.ok(new Other().on('y', () => {}).emit('y'));
assert.strictEqual(EventEmitter.EventEmitter, EventEmitter);
