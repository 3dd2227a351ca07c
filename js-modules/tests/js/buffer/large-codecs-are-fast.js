const assert = require('assert');
const b = Buffer.alloc(1 << 20, 'abcdefghij');
const start = Date.now();
for (const e of ['hex', 'base64', 'utf8', 'latin1', 'utf16le']) assert.ok(Buffer.from(b.toString(e), e).equals(b));
assert.strictEqual(b.indexOf('zz'), -1);
assert.ok(Buffer.concat([b, b]).length === 2 << 20);
// In script each of these takes seconds.
assert.ok(Date.now() - start < 2000, `${Date.now() - start} ms`);
