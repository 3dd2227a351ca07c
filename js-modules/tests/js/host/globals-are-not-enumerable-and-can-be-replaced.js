const assert = require('assert');
for (const name of ['Buffer', 'console', 'process', 'setTimeout', 'global']) {
    const d = Object.getOwnPropertyDescriptor(globalThis, name);
    assert.strictEqual(d.enumerable, false, name);
    assert.strictEqual(d.configurable, true, name);
}
setInterval = 5;
assert.strictEqual(globalThis.setInterval, 5);
assert.strictEqual(typeof require('timers').setInterval, 'function');
assert.strictEqual(global, globalThis);
