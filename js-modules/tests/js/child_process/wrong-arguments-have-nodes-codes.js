const assert = require('assert');
const { spawn, exec } = require('child_process');
assert.throws(() => spawn(5), { code: 'ERR_INVALID_ARG_TYPE' });
assert.throws(() => spawn(''), { code: 'ERR_INVALID_ARG_VALUE' });
assert.throws(() => spawn('true', 'x'), { code: 'ERR_INVALID_ARG_TYPE' });
assert.throws(() => exec(), { code: 'ERR_INVALID_ARG_TYPE' });
assert.throws(() => spawn('true', [], { stdio: 'what' }), { code: 'ERR_INVALID_ARG_VALUE' });
assert.throws(() => spawn('sleep', ['1']).kill('SIGNOPE'), { code: 'ERR_UNKNOWN_SIGNAL' });
process.exit(0);
