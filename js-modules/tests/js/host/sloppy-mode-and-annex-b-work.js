const assert = require('assert');
undeclared = 1;
assert.strictEqual(globalThis.undeclared, 1);
assert.ok(delete undeclared);
assert.strictEqual((function () {
    return this;
})(), globalThis);
assert.strictEqual(escape('a b'), 'a%20b');
assert.strictEqual('abc'.substr(1, 1), 'b');
assert.strictEqual(010, 8);
