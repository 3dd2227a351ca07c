const assert = require('assert');
const vm = require('vm');
const sandbox = vm.createContext({ start: 40, console });
assert.strictEqual(vm.runInContext('var answer = start + 2; answer', sandbox), 42);
assert.strictEqual(sandbox.answer, 42);
assert.strictEqual(typeof answer, 'undefined');
sandbox.answer = 1;
assert.strictEqual(vm.runInContext('answer', sandbox), 1);
delete sandbox.answer;
assert.strictEqual(vm.runInContext('typeof answer', sandbox), 'undefined');
assert.notStrictEqual(vm.runInNewContext('[].constructor'), Array);
assert.throws(() => new vm.Script('var x =', { filename: 'bad.js' }), SyntaxError);
assert.throws(() => vm.runInContext('1', {}), { code: 'ERR_INVALID_ARG_TYPE' });
assert.strictEqual(vm.compileFunction('return a + b', ['a', 'b'])(1, 2), 3);
// The guards of the first realm are in the second one, too: this comparator is no order.
vm.runInNewContext('Array.from({ length: 200 }, (_, i) => i).sort(() => Math.random() - 0.5)');
