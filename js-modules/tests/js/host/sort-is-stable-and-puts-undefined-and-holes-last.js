const assert = require('assert');
const rows = Array.from({ length: 100 }, (_, i) => ({ key: i % 3, i }));
rows.sort((a, b) => a.key - b.key);
for (let i = 1; i < rows.length; i++) {
    assert.ok(rows[i - 1].key < rows[i].key || (rows[i - 1].key === rows[i].key && rows[i - 1].i < rows[i].i));
}
const holes = [3, undefined, , 1, , 'b', 'a', 10];
holes.sort();
assert.deepStrictEqual(holes, [1, 10, 3, 'a', 'b', undefined, , ,]);
assert.strictEqual(holes.length, 8);
assert.ok(!(6 in holes) && 5 in holes);
assert.deepStrictEqual([3, , 1].toSorted(), [1, 3, undefined]);
const like = { length: 3, 0: 'c', 1: 'a', 2: 'b' };
assert.strictEqual(Array.prototype.sort.call(like), like);
assert.deepStrictEqual(like, { length: 3, 0: 'a', 1: 'b', 2: 'c' });
