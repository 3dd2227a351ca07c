const assert = require('assert');
const { types } = require('util');
const samples = {
    isDate: new Date(), isRegExp: /a/, isMap: new Map(), isSet: new Set(), isPromise: Promise.resolve(), isNativeError: new TypeError('x'),
    isTypedArray: new Int8Array(1), isUint8Array: Buffer.alloc(1), isArrayBuffer: new ArrayBuffer(1), isDataView: new DataView(new ArrayBuffer(1)),
    isWeakMap: new WeakMap(), isWeakSet: new WeakSet(), isProxy: new Proxy({}, {}), isAsyncFunction: async () => {},
    isGeneratorFunction: function* () {}, isGeneratorObject: (function* () {})(), isBoxedPrimitive: Object(1), isNumberObject: Object(1),
    isStringObject: Object('a'), isSymbolObject: Object(Symbol('a')), isMapIterator: new Map().keys(), isSetIterator: new Set().values(),
    isArgumentsObject: (function () {
        return arguments;
    })(),
};
for (const [name, value] of Object.entries(samples)) {
    assert.strictEqual(types[name](value), true, name);
    for (const other of [{}, null, 1, 'x', undefined, []]) assert.strictEqual(types[name](other), false, `${name} ${other}`);
}
assert.ok(!types.isDate(Object.create(Date.prototype)) && !types.isNativeError({ __proto__: Error.prototype }));
assert.ok(!types.isMap({ [Symbol.toStringTag]: 'Map' }));
