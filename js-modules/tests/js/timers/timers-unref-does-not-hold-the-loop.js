const assert = require('assert');
const t = setTimeout(() => process.exit(1), 600000);
assert.strictEqual(t.hasRef(), true);
assert.strictEqual(t.unref(), t);
assert.strictEqual(t.hasRef(), false);
setInterval(() => process.exit(1), 600000).unref();
setImmediate(() => {}).unref();
