const assert = require('assert');

const wanted = [
    [/a\/b/, 'a\\/b'], [/[/]/, '[/]'], [new RegExp('/'), '\\/'], [new RegExp('\\/'), '\\/'], [new RegExp(''), '(?:)'],
    [/\\\//, '\\\\\\/'], [new RegExp('[/\\]/]/'), '[/\\]/]\\/'], [new RegExp('\n'), '\\n'], [/[\/]/, '[\\/]'],
];
for (const [pattern, source] of wanted) {
    assert.strictEqual(pattern.source, source);
    assert.strictEqual(String(pattern), `/${source}/`);
    assert.strictEqual(new RegExp(pattern.source).source, source);
}
assert.ok(new RegExp(/^a:\/\//.source).test('a://'));
const { get, set, enumerable, configurable } = Object.getOwnPropertyDescriptor(RegExp.prototype, 'source');
assert.deepStrictEqual([get.name, get.length, set, enumerable, configurable], ['get source', 0, undefined, false, true]);
assert.strictEqual(RegExp.prototype.source, '(?:)');
assert.throws(() => get.call({}), TypeError);
