const assert = require('assert');
const bad = [[() => 1, '()=>1 could not be cloned.'], [Symbol('x'), 'Symbol(x) could not be cloned.'], [new WeakMap(), '#<WeakMap> could not be cloned.'],
    [new WeakSet(), '#<WeakSet> could not be cloned.'], [Promise.resolve(), '#<Promise> could not be cloned.'],
    [new Proxy({}, {}), '#<Object> could not be cloned.'], [new WeakRef({}), '#<WeakRef> could not be cloned.']];
for (const [value, message] of bad) {
    for (const holder of [value, [value], { value }, new Map([[1, value]]), new Set([value])]) {
        assert.throws(() => structuredClone(holder), (error) => {
            assert.ok(error instanceof DOMException);
            assert.deepStrictEqual([error.name, error.code], ['DataCloneError', 25]);
            if (typeof value !== 'function') assert.strictEqual(error.message, message);
            else assert.match(error.message, /could not be cloned\.$/);
            return true;
        });
    }
}
assert.throws(() => structuredClone(), { name: 'TypeError', code: 'ERR_MISSING_ARGS' });
assert.throws(() => structuredClone({ get a() { throw new RangeError('mine'); } }), { name: 'RangeError', message: 'mine' });
assert.throws(() => structuredClone(Object(Symbol('s'))), { name: 'DataCloneError' });
