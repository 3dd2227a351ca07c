const assert = require('assert');

function async(work) { return work; }
const one = async(function () { return 1; });
assert.strictEqual(one(), 1);
function using(a) { return a + 1; }
exports.using = using;
const o = { using: using, async(a) { return a; }, f: async (a) => a };
assert.strictEqual(o.using(2) + exports.using(2) + using(2) + o.async(1), 10);
assert.strictEqual({ using }.using, using);
o.f(5).then((five) => assert.strictEqual(five, 5));
