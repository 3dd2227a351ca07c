const assert = require('assert');
// Longer than what the host lets the engine copy for each match.
const long = 'key=value; '.repeat(500);
assert.strictEqual(long.match(/value/g).length, 500);
assert.strictEqual(long.replace(/value/g, 'v'), 'key=v; '.repeat(500));
assert.strictEqual(long.split(/;\s/).length, 501);
assert.strictEqual(long.search(/; $/), long.length - 2);
const all = [...long.matchAll(/(?<name>\w+)=(\w+)/g)];
assert.strictEqual(all.length, 500);
assert.deepStrictEqual([all[1].index, all[1].groups.name, all[1][2]], [11, 'key', 'value']);
const found = /(key)=/.exec(long);
assert.ok(found.input === long && found[1] === 'key' && new Map([['key', 1]]).get(found[1]) === 1);
assert.strictEqual({ key: 7 }[found[1]], 7);
const sticky = /key/y;
sticky.lastIndex = 11;
assert.ok(sticky.test(long) && sticky.lastIndex === 14 && !sticky.test(long));
// Characters beyond ASCII, of one byte and of more.
const umlauts = 'grüße '.repeat(400), wide = 'жук '.repeat(400);
assert.strictEqual(umlauts.match(/ü./g).length, 400);
assert.strictEqual(umlauts.replace(/ü/g, 'ue').slice(0, 6), 'grueße');
assert.strictEqual(wide.match(/у/gu).length, 400);
for (const name of ['exec', 'test', Symbol.match, Symbol.matchAll, Symbol.replace, Symbol.search, Symbol.split]) {
    const property = Object.getOwnPropertyDescriptor(RegExp.prototype, name);
    assert.ok(property.writable && property.configurable && !property.enumerable, String(name));
    assert.strictEqual(property.value.name, typeof name === 'symbol' ? `[${name.description}]` : name);
    assert.throws(() => new property.value(), TypeError);
}
assert.throws(() => RegExp.prototype.exec.call({}, long), TypeError);
