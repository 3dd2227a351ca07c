const assert = require('assert');
assert.strictEqual(process.kill(process.pid, 0), true);
assert.throws(() => process.kill(2 ** 30, 0), { code: 'ESRCH', syscall: 'kill' });
assert.throws(() => process.kill('1'), { code: 'ERR_INVALID_ARG_TYPE' });
assert.throws(() => process.kill(process.pid, 'SIGNONE'), { code: 'ERR_UNKNOWN_SIGNAL' });
assert.throws(() => process.kill(0, 0), RangeError);
