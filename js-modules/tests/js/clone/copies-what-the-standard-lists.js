const assert = require('assert');
const c = structuredClone;
for (const one of [1, -0, 'x', true, null, undefined, 10n, NaN]) assert.ok(Object.is(c(one), one));
const date = new Date(5);
assert.deepStrictEqual(c(date), date);
assert.notStrictEqual(c(date), date);
const re = /a+/giu;
re.lastIndex = 3;
assert.deepStrictEqual([c(re).source, c(re).flags, c(re).lastIndex], ['a+', 'giu', 0]);
assert.deepStrictEqual(c(new Map([[{ k: 1 }, new Set([1, [2]])]])), new Map([[{ k: 1 }, new Set([1, [2]])]]));
for (const box of [Object(1), Object('s'), Object(true), Object(3n)]) {
    assert.strictEqual(typeof c(box), 'object');
    assert.strictEqual(c(box).valueOf(), box.valueOf());
}
// eslint-disable-next-line no-sparse-arrays
const array = Object.assign([1, , 3], { x: 1 });
const copied = c(array);
assert.deepStrictEqual([copied.length, 1 in copied, copied.x, Array.isArray(copied)], [3, false, 1, true]);
const big = [];
big.length = 5;
assert.deepStrictEqual(c(big), big);
// Plain objects: own enumerable text keys only; the class is lost; getters are called.
class Thing { constructor() { this.a = 1; } get b() { return 2; } }
const source = { get g() { return 3; }, [Symbol('s')]: 1 };
Object.defineProperty(source, 'hidden', { value: 1 });
assert.deepStrictEqual(c(source), { g: 3 });
assert.strictEqual(Object.getPrototypeOf(c(new Thing())), Object.prototype);
assert.deepStrictEqual(c(new Thing()), { a: 1 });
assert.deepStrictEqual(c(Object.create({ inherited: 1 })), {});
assert.deepStrictEqual(Object.keys(c(JSON.parse('{"__proto__": {"x": 1}}'))), ['__proto__']);
assert.deepStrictEqual(c(new (class extends Map {})([[1, 2]])), new Map([[1, 2]]));
assert.throws(() => c((function () { return arguments; })(1, 2)), { name: 'DataCloneError' });
// Order of getters is that of a walk in depth.
const order = [];
c({ get a() { order.push('a'); return { get b() { order.push('b'); return 1; } }; }, get z() { order.push('z'); return 1; } });
assert.deepStrictEqual(order, ['a', 'b', 'z']);
