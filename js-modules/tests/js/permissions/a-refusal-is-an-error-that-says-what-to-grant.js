//: permissions none
const assert = require('assert');
try {
    require('fs').readFileSync('/etc/hostname');
    assert.fail('was not refused');
} catch (error) {
    assert(error instanceof Error);
    assert.strictEqual(error.code, 'ERR_ACCESS_DENIED');
    assert.strictEqual(error.permission, 'fs.read');
    assert.strictEqual(error.resource, '/etc/hostname');
    assert.match(error.message, /lacks `fs\.read` for `\/etc\/hostname`; grant `fs\.read` in its manifest/);
}
