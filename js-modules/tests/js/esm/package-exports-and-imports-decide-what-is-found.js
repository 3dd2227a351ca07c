'use strict';

const assert = require('assert');
const path = require('path');
const load = require('module').createRequire(path.join(__dirname, 'fixtures/x.js'));

const dual = load('dual');
assert.strictEqual(dual.kind, 'require');
assert.strictEqual(dual.self(), dual);
assert.strictEqual(dual.own().name, 'a');
assert.strictEqual(dual.fs(), require('fs'));
assert.strictEqual(load('dual/sub/a').name, 'a');
assert.strictEqual(load('dual/first').name, 'a');
assert.strictEqual(load('dual/package.json').name, 'dual');
assert.strictEqual(load('old').old, true);
assert.throws(() => load('dual/lib/a.cjs'), { code: 'ERR_PACKAGE_PATH_NOT_EXPORTED' });
assert.throws(() => load('dual/sub/private/b'), { code: 'ERR_PACKAGE_PATH_NOT_EXPORTED' });
assert.throws(() => load('dual/out'), { code: 'ERR_INVALID_PACKAGE_TARGET' });
assert.throws(() => load('dual/sub/missing'), { code: 'MODULE_NOT_FOUND' });
