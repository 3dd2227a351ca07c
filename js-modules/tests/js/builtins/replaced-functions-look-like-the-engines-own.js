const assert = require('assert');
const typed = Object.getPrototypeOf(Int8Array.prototype);
for (const [holder, name, length] of [[String.prototype, 'split', 2], [String.prototype, 'indexOf', 1],
    [String.prototype, 'lastIndexOf', 1], [String.prototype, 'includes', 1], [String.prototype, 'replaceAll', 2],
    [Array.prototype, 'splice', 2], [Array.prototype, 'unshift', 1], [Array.prototype, 'flat', 0],
    [Array.prototype, 'join', 1], [typed, 'fill', 1], [JSON, 'parse', 2], [JSON, 'stringify', 3]]) {
    const d = Object.getOwnPropertyDescriptor(holder, name);
    assert.deepStrictEqual([d.writable, d.enumerable, d.configurable], [true, false, true], name);
    assert.strictEqual(d.value.name, name);
    assert.strictEqual(d.value.length, length, name);
    assert.throws(() => new d.value(), TypeError);
    assert.ok(!Object.hasOwn(d.value, 'prototype'));
    assert.match(String(d.value), new RegExp(`^function ${name}\\(\\) \\{\\s*\\[native code\\]\\s*\\}$`));
    if (holder === String.prototype) assert.throws(() => d.value.call(null, 'a'), TypeError);
}
