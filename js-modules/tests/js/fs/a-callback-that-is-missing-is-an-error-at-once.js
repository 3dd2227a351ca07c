const assert = require('assert');
const fs = require('fs');
assert.throws(() => fs.readFile('/etc/passwd'), { code: 'ERR_INVALID_ARG_TYPE' });
assert.throws(() => fs.readFile(5.5, () => {}), { code: 'ERR_INVALID_ARG_TYPE' });
assert.throws(() => fs.stat({}, () => {}), { code: 'ERR_INVALID_ARG_TYPE' });
