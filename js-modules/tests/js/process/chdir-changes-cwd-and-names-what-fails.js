const assert = require('assert');
assert.strictEqual(process.cwd(), __dirname);
process.chdir('..');
assert.strictEqual(process.cwd(), require('path').dirname(__dirname));
assert.throws(() => process.chdir('no-such-folder'), { code: 'ENOENT', syscall: 'chdir', errno: -2,
    message: "ENOENT: no such file or directory, chdir 'no-such-folder'" });
assert.throws(() => process.chdir(5), { code: 'ERR_INVALID_ARG_TYPE' });
