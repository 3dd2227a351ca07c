const assert = require('assert');
const { inspect } = require('util');
const target = new EventTarget();
const seen = [];
const object = { handleEvent(event) { seen.push(['object', this === object, event.type]); } };
// Node 20 forgets currentTarget and eventPhase after the first listener.
const first = function (event) { seen.push(['first', this === target, event.target === target, seen.length > 0 || event.currentTarget === target && event.eventPhase === 2]); };
target.addEventListener('x', first);
target.addEventListener('x', first);
target.addEventListener('x', first, true);
target.addEventListener('x', object);
target.addEventListener('x', () => seen.push(['once']), { once: true });
assert.strictEqual(target.dispatchEvent(new Event('x')), true);
assert.deepStrictEqual(seen, [['first', true, true, true], ['first', true, true, true], ['object', true, 'x'], ['once']]);
target.removeEventListener('x', first);
target.removeEventListener('x', object);
seen.length = 0;
const event = new Event('x');
target.dispatchEvent(event);
assert.deepStrictEqual(seen.map(([name]) => name), ['first']);
assert.deepStrictEqual([event.target === target, event.currentTarget, event.eventPhase, event.composedPath()], [true, null, 0, []]);
// Preventing and stopping.
const other = new EventTarget();
other.addEventListener('stop', (e) => { e.preventDefault(); e.stopImmediatePropagation(); });
other.addEventListener('stop', () => assert.fail('was stopped'));
assert.strictEqual(other.dispatchEvent(new Event('stop', { cancelable: true })), false);
assert.strictEqual(other.dispatchEvent(new Event('stop')), true);
// `passive` is a hint without effect.
other.addEventListener('soft', (e) => e.preventDefault(), { passive: true });
assert.strictEqual(other.dispatchEvent(new Event('soft', { cancelable: true })), false);
// A listener goes when its signal is aborted.
const controller = new AbortController();
const signalled = new EventTarget();
let count = 0;
signalled.addEventListener('e', () => count++, { signal: controller.signal });
signalled.dispatchEvent(new Event('e'));
controller.abort();
signalled.dispatchEvent(new Event('e'));
signalled.addEventListener('e', () => count++, { signal: controller.signal });
signalled.dispatchEvent(new Event('e'));
assert.strictEqual(count, 1);
const again = new EventTarget();
again.addEventListener('e', (e) => assert.throws(() => again.dispatchEvent(e), { code: 'ERR_EVENT_RECURSION' }));
again.dispatchEvent(new Event('e'));
assert.throws(() => target.dispatchEvent({}), { code: 'ERR_INVALID_ARG_TYPE' });
assert.throws(() => target.addEventListener('x', 'text'), { code: 'ERR_INVALID_ARG_TYPE' });
assert.throws(() => target.addEventListener('x'), { code: 'ERR_MISSING_ARGS' });
assert.throws(() => EventTarget.prototype.addEventListener.call({}, 'x', () => {}), { code: 'ERR_INVALID_THIS' });
assert.strictEqual(inspect(target), 'EventTarget {}');
