const assert = require('assert');
const { isDeepStrictEqual: strict } = require('util');
const loose = (a, b) => {
    try {
        assert.deepEqual(a, b);
        return true;
    } catch {
        return false;
    }
};
const circle = () => {
    const o = { a: 1 };
    o.self = o;
    return o;
};
const table = [
    [{ a: 1 }, { a: 1 }, true, true], [{ a: 1 }, { a: '1' }, false, true], [[1, 2], [1, 2], true, true], [[1], { 0: 1 }, false, false],
    [new Date(5), new Date(5), true, true], [new Date(5), new Date(6), false, false], [/a/g, /a/i, false, false], [NaN, NaN, true, true],
    [0, -0, false, true], [new Map([[{ k: 1 }, 2]]), new Map([[{ k: 1 }, 2]]), true, true], [new Set([{ a: 1 }]), new Set([{ a: 1 }]), true, true],
    [new Set([1]), new Set([2]), false, false], [Buffer.from('a'), Buffer.from('a'), true, true], [Buffer.from('a'), new Uint8Array([97]), false, true],
    [new Error('a'), new Error('a'), true, true], [new Error('a'), new Error('b'), false, false], [circle(), circle(), true, true],
    [{ [Symbol.for('x')]: 1 }, {}, false, true], [Object(1), Object(1), true, true], [Object(1), Object(2), false, false],
    [null, undefined, false, true], [[1, , 3], [1, undefined, 3], false, false], [{ a: undefined }, {}, false, false],
    [new (class A {})(), new (class B {})(), false, true], [Object.create(null), {}, false, true], [new Float32Array([NaN]), new Float32Array([NaN]), true, false],
    ['a', Object('a'), false, false], [new Map([[1, { a: 1 }]]), new Map([[1, { a: 2 }]]), false, false],
];
table.forEach(([a, b, s, l], i) => {
    if (strict(a, b) !== s) throw new Error(`strict ${i}`);
    if (loose(a, b) !== l) throw new Error(`loose ${i}`);
});
