const assert = require('assert');
assert.strictEqual(btoa('\x00\xff~'), 'AP9+');
assert.strictEqual(atob(' AP 9\n+ '), '\x00\xff~');
assert.strictEqual(atob('YQ'), 'a');
assert.strictEqual(atob('YQ=='), 'a');
assert.strictEqual(btoa(12), 'MTI=');
assert.strictEqual(atob(''), '');
for (const bad of ['*', 'YQ=', 'A', 'YQ===', '=']) {
    assert.throws(() => atob(bad), (error) => error instanceof DOMException && error.name === 'InvalidCharacterError' && error.code === 5, bad);
}
assert.throws(() => btoa('€'), { name: 'InvalidCharacterError', code: 5, message: 'Invalid character' });
assert.throws(() => atob(), { code: 'ERR_MISSING_ARGS' });
assert.throws(() => btoa(), { code: 'ERR_MISSING_ARGS' });
