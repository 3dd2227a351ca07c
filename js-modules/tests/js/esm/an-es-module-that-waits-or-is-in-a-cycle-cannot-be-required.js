'use strict';

const assert = require('assert');

for (let i = 0; i < 2; i++) assert.throws(() => require('./fixtures/waits.mjs'), { code: 'ERR_REQUIRE_ASYNC_MODULE' });
assert.strictEqual(globalThis.ran, undefined);
for (let i = 0; i < 2; i++) assert.throws(() => require('./fixtures/fails.mjs'), /on purpose/);
assert.deepStrictEqual(require('./fixtures/round.mjs').codes, Array(3).fill('ERR_REQUIRE_CYCLE_MODULE'));
