const assert = require('assert');
for (let round = 0; round < 20; round++) {
    const a = Array.from({ length: 60 }, (_, i) => i);
    a.sort(() => Math.random() - 0.5);
    assert.deepStrictEqual(a.slice().sort((x, y) => x - y), Array.from({ length: 60 }, (_, i) => i));
    const t = new Int32Array(200).map((_, i) => i);
    t.sort(() => Math.random() - 0.5);
    assert.deepStrictEqual([...t].sort((x, y) => x - y), Array.from({ length: 200 }, (_, i) => i));
}
