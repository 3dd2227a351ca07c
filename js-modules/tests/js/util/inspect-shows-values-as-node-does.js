const assert = require('assert');
const { inspect } = require('util');
const cases = [
    [1, '1'], [-0, '-0'], ['a', "'a'"], ["it's", '"it\'s"'], ['a\n\t\x01', "'a\\n\\t\\x01'"], [null, 'null'], [undefined, 'undefined'],
    [5n, '5n'], [Symbol('s'), 'Symbol(s)'], [true, 'true'],
    [[], '[]'], [[1, 'a', null], "[ 1, 'a', null ]"], [[, 1, , ,], '[ <1 empty item>, 1, <2 empty items> ]'],
    [{}, '{}'], [{ a: 1, 'b-c': 2, [Symbol('d')]: 3 }, "{ a: 1, 'b-c': 2, [Symbol(d)]: 3 }"],
    [{ a: { b: { c: { d: 1 } } } }, '{ a: { b: { c: [Object] } } }'],
    [[[[[]]]], '[ [ [ [] ] ] ]'], [[[[[1]]]], '[ [ [ [Array] ] ] ]'],
    [() => {}, '[Function (anonymous)]'], [function f() {}, '[Function: f]'], [class A {}, '[class A]'],
    [class B extends Map {}, '[class B extends Map]'], [async () => {}, '[AsyncFunction (anonymous)]'],
    [function* g() {}, '[GeneratorFunction: g]'], [Math.max, '[Function: max]'],
    [new Map([[1, { a: 2 }]]), 'Map(1) { 1 => { a: 2 } }'], [new Set(['a']), "Set(1) { 'a' }"], [new Map(), 'Map(0) {}'],
    [new Date(0), '1970-01-01T00:00:00.000Z'], [new Date(NaN), 'Invalid Date'], [/a/gi, '/a/gi'],
    [new Uint8Array([1, 2]), 'Uint8Array(2) [ 1, 2 ]'], [new ArrayBuffer(2), 'ArrayBuffer { [Uint8Contents]: <00 00>, byteLength: 2 }'],
    [Promise.resolve(4), 'Promise { 4 }'], [new Promise(() => {}), 'Promise { <pending> }'],
    [new WeakMap(), 'WeakMap { <items unknown> }'], [Object.create(null), '[Object: null prototype] {}'],
    [new (class Foo {})(), 'Foo {}'], [Object.assign(new (class Foo {})(), { a: 1 }), 'Foo { a: 1 }'],
    [new Number(3), '[Number: 3]'], [new String('abc'), "[String: 'abc']"], [Object(Symbol('x')), '[Symbol: Symbol(x)]'],
    [{ get a() { return 1; }, set b(x) {}, get c() { return 1; }, set c(x) {} }, '{ a: [Getter], b: [Setter], c: [Getter/Setter] }'],
    [Object.assign(() => {}, { x: 1 }), '[Function (anonymous)] { x: 1 }'], [{ f() {} }, '{ f: [Function: f] }'],
    [Object.assign([1], { x: 2 }), '[ 1, x: 2 ]'], [(function () { return arguments; })(1, 2), "[Arguments] { '0': 1, '1': 2 }"],
    [[1, 2, 3].values(), 'Object [Array Iterator] {}'],
    [{ a: 1n, b: Symbol.iterator }, '{ a: 1n, b: Symbol(Symbol.iterator) }'],
    [new Error('x').message, "'x'"], [[undefined, null], '[ undefined, null ]'],
];
for (const [value, text] of cases) {
    assert.strictEqual(inspect(value), text);
}
