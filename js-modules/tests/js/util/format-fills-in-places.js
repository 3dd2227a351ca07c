const assert = require('assert');
const { format } = require('util');
for (const [args, text] of [[[], ''], [['a', 'b'], 'a b'], [['%s', 'x'], 'x'], [['%s'], '%s'], [['%s %s', 'a'], 'a %s'],
    [['%d', '42.5'], '42.5'], [['%d', 5n], '5n'], [['%i', '42.9'], '42'], [['%f', '1.50'], '1.5'], [['%j', { a: 1 }], '{"a":1}'],
    [['%%s', 'x'], '%s x'], [['%s', null], 'null'], [['%s', { a: { b: {} } }], '{ a: [Object] }'], [['%s', () => 5], '() => 5'],
    [['%O', { a: { b: { c: { d: 1 } } } }], '{ a: { b: { c: [Object] } } }'], [['%c.', 'css'], '.'], [[1, 'a', { b: 2 }], "1 a { b: 2 }"],
    [['%x', 1], '%x 1'], [['%s', Symbol('a')], 'Symbol(a)'], [['%s', -0], '-0'], [['%d', {}], 'NaN'], [['a', undefined], 'a undefined'],
    [['%s', [1, [2, [3]]]], '[ 1, [Array] ]'], [['%s', new Error('z').message], 'z'], [['100%', 1], '100% 1']]) {
    assert.strictEqual(format(...args), text, JSON.stringify(args.map(String)));
}
const circle = {};
circle.c = circle;
assert.strictEqual(format('%j', circle), '[Circular]');
