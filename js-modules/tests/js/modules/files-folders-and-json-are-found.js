const assert = require('assert');
assert.strictEqual(require('./fixtures/folder').name, 'index of folder');
assert.strictEqual(require('./fixtures/folder/'), require('./fixtures/folder/index.js'));
assert.strictEqual(require('./fixtures/folder').parent, __filename);
assert.deepStrictEqual(require('./fixtures/data'), { a: [1, 2] });
assert.strictEqual(require.resolve('./fixtures/data'), `${__dirname}/fixtures/data.json`);
assert.strictEqual(require(`${__dirname}/fixtures/folder/index`), require('./fixtures/folder'));
