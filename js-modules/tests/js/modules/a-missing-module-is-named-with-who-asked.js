const assert = require('assert');
assert.throws(() => require('./nothing'), (error) => {
    assert.strictEqual(error.code, 'MODULE_NOT_FOUND');
    assert.strictEqual(error.message, `Cannot find module './nothing'\nRequire stack:\n- ${__filename}`);
    assert.deepStrictEqual(error.requireStack, [__filename]);
    return true;
});
assert.throws(() => require('node:nothing'), { code: 'ERR_UNKNOWN_BUILTIN_MODULE' });
assert.throws(() => require('internal/cjs'), { code: 'MODULE_NOT_FOUND' });
assert.throws(() => require(5), { code: 'ERR_INVALID_ARG_TYPE' });
assert.throws(() => require(''), { code: 'ERR_INVALID_ARG_VALUE' });
