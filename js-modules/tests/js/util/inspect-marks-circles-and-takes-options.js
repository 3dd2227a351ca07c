const assert = require('assert');
const { inspect } = require('util');
const o = { name: 'o' };
o.self = o;
o.list = [o];
assert.strictEqual(inspect(o), "<ref *1> { name: 'o', self: [Circular *1], list: [ [Circular *1] ] }");
const m = new Map();
m.set('m', m);
assert.strictEqual(inspect(m), "<ref *1> Map(1) { 'm' => [Circular *1] }");
assert.strictEqual(inspect({ a: { b: {} } }, { depth: 0 }), '{ a: [Object] }');
assert.strictEqual(inspect({ a: { b: { c: { d: {} } } } }, false, null), '{\n  a: { b: { c: { d: {} } } }\n}');
assert.strictEqual(inspect([3, 1], { maxArrayLength: 1 }), '[ 3, ... 1 more item ]');
assert.strictEqual(inspect({ b: 1, a: 2 }, { sorted: true }), '{ a: 2, b: 1 }');
assert.strictEqual(inspect([1], { showHidden: true }), '[ 1, [length]: 1 ]');
assert.strictEqual(inspect({ a: 1, b: 'x' }, { colors: true }), "{ a: \u001b[33m1\u001b[39m, b: \u001b[32m'x'\u001b[39m }");
assert.strictEqual(inspect({ get a() { return 5; } }, { getters: true }), '{ a: [Getter: 5] }');
assert.strictEqual(inspect(123456789.125, { numericSeparator: true }), '123_456_789.125');
class Money {
    [inspect.custom](depth, options, again) {
        assert.strictEqual(again, inspect);
        return `Money<${depth}>`;
    }
}
assert.strictEqual(inspect({ m: new Money() }), '{ m: Money<1> }');
assert.strictEqual(inspect(new Money(), { customInspect: false }), 'Money {}');
