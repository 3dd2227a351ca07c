const assert = require('assert');
const a = process.hrtime();
const b = process.hrtime.bigint();
const d = process.hrtime(a);
assert.strictEqual(typeof b, 'bigint');
assert.ok(d[0] >= 0 && d[1] >= 0 && d[1] < 1e9);
assert.ok(process.hrtime.bigint() > b);
assert.throws(() => process.hrtime(1), { code: 'ERR_INVALID_ARG_TYPE' });
assert.throws(() => process.hrtime([1]), { code: 'ERR_OUT_OF_RANGE' });
