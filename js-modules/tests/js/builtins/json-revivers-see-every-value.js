const assert = require('assert');
const seen = [];
const out = JSON.parse('{"a":[1,{"b":"x"}],"c":1.0,"d":2}', function (key, value, context) {
    seen.push(key + (context.source ? '=' + context.source : ''));
    return key === 'd' ? undefined : typeof value === 'number' ? value + 1 : value;
});
assert.deepStrictEqual(out, { a: [2, { b: 'x' }], c: 2 });
assert.deepStrictEqual(seen, ['0=1', 'b="x"', '1', 'a', 'c=1.0', 'd=2', '']);
assert.deepStrictEqual(Object.keys(JSON.parse('[1,2]', (k, v) => (k === '0' ? undefined : v))), ['1']);
assert.strictEqual(JSON.parse('1', (k, v) => [k, v])[1], 1);
assert.strictEqual(JSON.parse('[1e400]', (k, v) => v)[0], Infinity);
JSON.parse('[1,[2]]', function (key, value) { if (key === '0' && value === 1) this[1] = Object.freeze([9]); return value; });
assert.throws(() => JSON.parse('[1]', () => { throw new TypeError('mine'); }), { message: 'mine' });
const deep = '['.repeat(90000) + ']'.repeat(90000);
assert.throws(() => JSON.parse(deep, (k, v) => v), RangeError);
