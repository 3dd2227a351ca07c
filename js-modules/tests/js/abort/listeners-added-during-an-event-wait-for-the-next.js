// As the DOM standard says; Node 20 calls them at once.
const assert = require('assert');
// Added meanwhile: later. Removed meanwhile: not called.
const busy = new EventTarget();
const calls = [];
const removed = () => calls.push('removed');
busy.addEventListener('e', () => { calls.push('a'); busy.addEventListener('e', () => calls.push('late')); busy.removeEventListener('e', removed); }, { once: true });
busy.addEventListener('e', removed);
busy.dispatchEvent(new Event('e'));
assert.deepStrictEqual(calls, ['a']);
busy.dispatchEvent(new Event('e'));
assert.deepStrictEqual(calls, ['a', 'late']);
