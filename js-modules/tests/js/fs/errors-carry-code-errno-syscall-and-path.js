const assert = require('assert');
const fs = require('fs');
assert.throws(() => fs.readFileSync('/no/such'), {
    code: 'ENOENT', errno: -2, syscall: 'open', path: '/no/such', message: "ENOENT: no such file or directory, open '/no/such'",
});
assert.throws(() => fs.statSync('/no/such'), { message: "ENOENT: no such file or directory, stat '/no/such'" });
assert.throws(() => fs.readdirSync('/etc/passwd'), { code: 'ENOTDIR', syscall: 'scandir' });
assert.throws(() => fs.readFileSync('/tmp'), { code: 'EISDIR', syscall: 'read', message: 'EISDIR: illegal operation on a directory, read' });
assert.throws(() => fs.rmdirSync('/no/such'), { code: 'ENOENT', syscall: 'rmdir' });
assert.throws(() => fs.unlinkSync('/no/such'), { code: 'ENOENT', syscall: 'unlink' });
assert.throws(() => fs.renameSync('/no/a', '/no/b'), { message: "ENOENT: no such file or directory, rename '/no/a' -> '/no/b'" });
assert.throws(() => fs.closeSync(999), { code: 'EBADF' });
assert.throws(() => fs.readFileSync(undefined), { code: 'ERR_INVALID_ARG_TYPE' });
assert.throws(() => fs.readFileSync('a\0b'), { code: 'ERR_INVALID_ARG_VALUE' });
assert.throws(() => fs.openSync('/tmp/x', 'q'), { code: 'ERR_INVALID_ARG_VALUE' });
assert.strictEqual(fs.statSync('/no/such', { throwIfNoEntry: false }), undefined);
