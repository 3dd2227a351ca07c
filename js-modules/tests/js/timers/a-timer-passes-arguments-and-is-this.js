const assert = require('assert');
let ran = false;
const t = setTimeout(function (a, b) {
    assert.strictEqual(this, t);
    assert.deepStrictEqual([a, b], [1, 2]);
    ran = true;
}, 1, 1, 2);
assert.strictEqual(t.constructor.name, 'Timeout');
process.on('exit', () => assert.ok(ran));
