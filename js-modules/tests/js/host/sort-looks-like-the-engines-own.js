const assert = require('assert');
const typed = Object.getPrototypeOf(Int8Array.prototype);
for (const [proto, name] of [[Array.prototype, 'sort'], [Array.prototype, 'toSorted'], [typed, 'sort'],
    [typed, 'toSorted'], [String.prototype, 'repeat'], [String.prototype, 'padStart']]) {
    const d = Object.getOwnPropertyDescriptor(proto, name);
    assert.deepStrictEqual([d.writable, d.enumerable, d.configurable], [true, false, true]);
    assert.strictEqual(d.value.name, name);
    assert.strictEqual(d.value.length, name === 'padStart' ? 1 : 1);
    assert.throws(() => new d.value(), TypeError);
    assert.ok(!Object.hasOwn(d.value, 'prototype'));
    assert.match(String(d.value), /\[native code\]/);
}
assert.throws(() => [].sort(null), TypeError);
assert.throws(() => new Int8Array(1).sort({}), TypeError);
assert.throws(() => typed.sort.call([]), TypeError);
