const assert = require('assert');
const { inspect } = require('util');
const e = new Event('name', { bubbles: true, cancelable: true, composed: true });
assert.deepStrictEqual([e.type, e.bubbles, e.cancelable, e.composed, e.defaultPrevented, e.returnValue, e.target, e.srcElement,
    e.eventPhase, e.isTrusted, e.cancelBubble], ['name', true, true, true, false, true, null, null, 0, false, false]);
assert.ok(e.timeStamp > 0 && e.timeStamp <= performance.now());
e.preventDefault();
assert.deepStrictEqual([e.defaultPrevented, e.returnValue], [true, false]);
e.initEvent('new');
assert.deepStrictEqual([e.type, e.cancelable, e.defaultPrevented], ['new', false, false]);
e.cancelBubble = true;
assert.strictEqual(e.cancelBubble, true);
assert.deepStrictEqual([Event.NONE, Event.CAPTURING_PHASE, Event.AT_TARGET, Event.BUBBLING_PHASE], [0, 1, 2, 3]);
assert.strictEqual(new CustomEvent('c', { detail: { a: 1 } }).detail.a, 1);
assert.strictEqual(new CustomEvent('c').detail, null);
assert.ok(new CustomEvent('c') instanceof Event);
assert.strictEqual(new Event(undefined).type, 'undefined');
assert.throws(() => new Event(), { code: 'ERR_MISSING_ARGS' });
assert.throws(() => new Event('x', 3), { code: 'ERR_INVALID_ARG_TYPE' });
assert.throws(() => new Event(Symbol('x')), TypeError);
assert.throws(() => Event.prototype.preventDefault.call({}), { code: 'ERR_INVALID_THIS' });
assert.match(inspect(new Event('x')), /^Event \{\n  type: 'x',\n  defaultPrevented: false,\n  cancelable: false,\n  timeStamp: [\d.]+\n\}$/);
assert.strictEqual(Object.prototype.toString.call(e), '[object Event]');
class Mine extends Event { constructor() { super('mine'); this.extra = 1; } }
let got;
const target = new EventTarget();
target.addEventListener('mine', (event) => { got = event; });
target.dispatchEvent(new Mine());
assert.strictEqual(got.extra, 1);
