const assert = require('assert');
const t = setTimeout(() => process.exit(1), 5);
const id = +t;
assert.strictEqual(typeof id, 'number');
clearTimeout(id);
const u = setTimeout(() => process.exit(1), 5);
clearTimeout(`${+u}`);
