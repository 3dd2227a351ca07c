const assert = require('assert');
const a = [3, 2, 1];
assert.throws(() => a.sort(() => {
    throw new Error('no');
}), /no/);
assert.deepStrictEqual(a, [3, 2, 1]);
