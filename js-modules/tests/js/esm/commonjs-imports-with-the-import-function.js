'use strict';

const assert = require('assert');

let later = false;
(async () => {
    const { value } = await import('./fixtures/live.mjs');
    assert.strictEqual(value, 5);
    const { default: dual, cjs } = await require('module').createRequire(`${__dirname}/fixtures/x.js`)('./dynamic.cjs')();
    assert.strictEqual(dual, 'import');
    assert.strictEqual(cjs.kind, 'require');
    later = true;
})();
process.on('exit', () => assert(later));
