const assert = require('assert');
assert.strictEqual(process.env.HOME, '/home/tester');
assert.deepStrictEqual(Object.keys(process.env), ['HOME', 'PATH']);
process.env.NUMBER = 5;
assert.strictEqual(process.env.NUMBER, '5');
assert.ok('NUMBER' in process.env && !('OTHER' in process.env));
delete process.env.NUMBER;
assert.strictEqual(process.env.NUMBER, undefined);
assert.deepStrictEqual({ ...process.env }, { HOME: '/home/tester', PATH: '/usr/bin:/bin' });
assert.ok(Object.hasOwn(process.env, 'PATH'));
assert.throws(() => {
    process.env.X = Symbol('s');
}, TypeError);
