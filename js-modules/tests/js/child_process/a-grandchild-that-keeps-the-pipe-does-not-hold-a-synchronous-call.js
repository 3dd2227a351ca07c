const assert = require('assert');
const started = Date.now();
const out = require('child_process').execSync('sleep 30 & echo now');
assert.strictEqual(out.toString(), 'now\n');
assert.ok(Date.now() - started < 10000);
