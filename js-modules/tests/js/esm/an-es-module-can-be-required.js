'use strict';

const assert = require('assert');

const order = [];
Promise.resolve().then(() => order.push('job'));
const named = require('./fixtures/live.mjs');
order.push('required');
assert.deepStrictEqual(Object.keys(named), ['count', 'more', 'value']);
assert.strictEqual(require('util').types.isModuleNamespaceObject(named), true);
assert.match(require('util').inspect(named), /^\[Module: null prototype\] \{\n? *count: 0/);
named.more();
assert.strictEqual(named.count, 1);

// With a default export the names have `__esModule` beside them, and stay live.
const whole = require('./fixtures/default.mjs');
assert.deepStrictEqual(Object.keys(whole), ['__esModule', 'count', 'default']);
assert.strictEqual(whole.__esModule, true);
whole.default();
assert.strictEqual(whole.count, 1);
assert.strictEqual(require('./fixtures/default.mjs'), whole);
assert.strictEqual(require('./fixtures/named.mjs')(), 42);
assert.strictEqual(process.features.require_module, true);

import('./fixtures/default.mjs').then((same) => {
    assert.notStrictEqual(same, whole);
    assert.strictEqual(same.default, whole.default);
    assert.deepStrictEqual(order, ['required', 'job']);
    order.push('imported');
});
process.on('exit', () => assert.strictEqual(order.at(-1), 'imported'));
