const assert = require('assert');
const fs = require('fs');
assert.ok(fs.readFileSync('/proc/self/status', 'utf8').includes('\nPid:'));
assert.strictEqual(fs.statSync('/proc/self/status').size, 0);
