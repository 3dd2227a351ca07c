const assert = require('assert');
const splice = (array, ...args) => [array.splice(...args), array];
assert.deepStrictEqual(splice([1, 2, 3, 4], 1, 2), [[2, 3], [1, 4]]);
assert.deepStrictEqual(splice([1, 2, 3], 1), [[2, 3], [1]]);
assert.deepStrictEqual(splice([1, 2, 3]), [[], [1, 2, 3]]);
assert.deepStrictEqual(splice([1, 2, 3], undefined), [[1, 2, 3], []]);
assert.deepStrictEqual(splice([1, 2, 3], 1, undefined, 'x'), [[], [1, 'x', 2, 3]]);
assert.deepStrictEqual(splice([1, 2, 3], -1, 1, 'a', 1.5, {}), [[3], [1, 2, 'a', 1.5, {}]]);
assert.deepStrictEqual(splice([1, 2, 3], -9, 1), [[1], [2, 3]]);
assert.deepStrictEqual(splice([1, 2, 3], 9, 9, 4), [[], [1, 2, 3, 4]]);
assert.deepStrictEqual(splice([1, 2, 3], 0, 3), [[1, 2, 3], []]);
assert.deepStrictEqual(splice([1, 2, 3], 1, 1, 'b'), [[2], [1, 'b', 3]]);
assert.deepStrictEqual(splice([1, 2, 3], NaN, -1, 0), [[], [0, 1, 2, 3]]);
const holes = [1, , 3];
holes.splice(0, 0, 0);
assert.ok(!(2 in holes) && holes.length === 4);
for (const bad of [Object.freeze([1]), Object.seal([1]), Object.preventExtensions([1]),
    Object.defineProperty([1], 'length', { writable: false })]) {
    assert.throws(() => bad.splice(0, 0, 5), TypeError);
    assert.throws(() => bad.unshift(5), TypeError);
}
class Mine extends Array { }
assert.ok(Mine.of(1, 2).splice(0, 1) instanceof Mine && Mine.of([1]).flat() instanceof Mine);
const other = [1, 2];
other.constructor = { [Symbol.species]: function () { return { mine: true }; } };
assert.strictEqual(other.splice(0, 1).mine, true);
const list = [2];
assert.deepStrictEqual([list.unshift(0, 1), list, list.unshift()], [3, [0, 1, 2], 3]);
assert.deepStrictEqual(Array.prototype.unshift.call({ length: 0 }, 1), 1);
assert.deepStrictEqual([1, [2, [3, [4]], , 5]].flat(), [1, 2, [3, [4]], 5]);
assert.deepStrictEqual([1, [2, [3, [4]]]].flat(Infinity), [1, 2, 3, 4]);
assert.deepStrictEqual([[1]].flat(0), [[1]]);
assert.deepStrictEqual([[1], new Proxy([2], {})].flat(), [1, 2]);
Array.prototype[1] = 'inherited';
assert.deepStrictEqual([[0, , 2]].flat(), [0, 'inherited', 2]);
delete Array.prototype[1];
