'use strict';

const test = require('node:test');
const assert = require('node:assert');
const { start } = require('meshlite:test');

test('it says what it is when the server is there', async (t) => {
    const core = await start(t);
    const info = await core.receive('coreinfo');
    assert.match(info.value, /^NAME /);
});

test('the console answers', async (t) => {
    const core = await start(t);
    assert.match(await core.console('load'), /^\d+\.\d+ /);
    assert.strictEqual(await core.console('nonsense'), 'Try: help');
});
