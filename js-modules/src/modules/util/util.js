'use strict';

const { inspect, format, formatWithOptions, stripVTControlCharacters } = require('internal/inspect');
const { isDeepStrictEqual } = require('internal/equal');
const { make, invalidArgType, invalidArgValue, validateFunction, validateString } = require('internal/errors');

const kPromisify = Symbol.for('nodejs.util.promisify.custom');

function promisify(original) {
    validateFunction(original, 'original');
    const custom = original[kPromisify];
    if (custom) {
        validateFunction(custom, 'util.promisify.custom');
        return Object.defineProperty(custom, kPromisify, { value: custom, configurable: true, writable: true });
    }
    function promised(...args) {
        return new Promise((resolve, reject) => {
            original.call(this, ...args, (error, ...values) => {
                if (error) reject(error);
                else resolve(values[0]);
            });
        });
    }
    Object.setPrototypeOf(promised, Object.getPrototypeOf(original));
    Object.defineProperty(promised, kPromisify, { value: promised, configurable: true, writable: true });
    return Object.defineProperties(promised, Object.getOwnPropertyDescriptors(original));
}
promisify.custom = kPromisify;

function callbackify(original) {
    validateFunction(original, 'original');
    function callbackified(...args) {
        let callback = args.pop();
        validateFunction(callback, 'last argument');
        callback = callback.bind(this);
        original.apply(this, args).then(
            (value) => process.nextTick(callback, null, value),
            (reason) => {
                let error = reason;
                if (!error) {
                    error = make(Error, 'ERR_FALSY_VALUE_REJECTION', 'Promise was rejected with falsy value');
                    error.reason = reason;
                }
                process.nextTick(callback, error);
            },
        );
    }
    const descriptors = Object.getOwnPropertyDescriptors(original);
    if (typeof descriptors.length.value === 'number') descriptors.length.value++;
    if (typeof descriptors.name.value === 'string') descriptors.name.value += 'Callbackified';
    return Object.defineProperties(callbackified, descriptors);
}

function inherits(constructor, parent) {
    if (constructor === undefined || constructor === null) throw invalidArgType('ctor', 'function', constructor);
    if (parent === undefined || parent === null) throw invalidArgType('superCtor', 'function', parent);
    if (parent.prototype === undefined) throw invalidArgType('superCtor.prototype', 'Object', parent.prototype);
    Object.defineProperty(constructor, 'super_', { value: parent, writable: true, configurable: true });
    Object.setPrototypeOf(constructor.prototype, parent.prototype);
}

const warned = new Set();
function deprecate(original, message, code) {
    validateFunction(original, 'fn');
    if (code !== undefined) validateString(code, 'code');
    let done = false;
    function deprecated(...args) {
        if (!done) {
            done = true;
            if (code === undefined || !warned.has(code)) {
                if (code !== undefined) warned.add(code);
                process.emitWarning(message, 'DeprecationWarning', code);
            }
        }
        return new.target ? Reflect.construct(original, args, new.target) : original.apply(this, args);
    }
    Object.setPrototypeOf(deprecated, original);
    if (original.prototype) deprecated.prototype = original.prototype;
    return deprecated;
}

function debuglog(set, ready) {
    const name = String(set).toUpperCase();
    const enabled = String(process.env.NODE_DEBUG ?? '').toUpperCase().split(',').includes(name);
    const log = (...args) => {
        if (enabled) process.stderr.write(`${name} ${process.pid}: ${format(...args)}\n`);
    };
    Object.defineProperty(log, 'enabled', { get: () => enabled });
    if (typeof ready === 'function') ready(log);
    return log;
}

// Resolves when the signal is aborted.
async function aborted(signal, resource) {
    if (signal === null || typeof signal !== 'object' || !('aborted' in signal)) throw invalidArgType('signal', 'AbortSignal', signal);
    if (resource === null || (typeof resource !== 'object' && typeof resource !== 'function')) {
        throw invalidArgType('resource', 'Object', resource);
    }
    if (signal.aborted) return undefined;
    return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}

const kindIs = (...kinds) => (value) => value !== null && (typeof value === 'object' || typeof value === 'function')
    && kinds.includes(native.kind(value));
const typedIs = (name) => (value) => ArrayBuffer.isView(value) && native.typedName(value) === name;
const sourceIs = (pattern) => (value) => typeof value === 'function' && pattern.test(Function.prototype.toString.call(value));

const types = {
    isAnyArrayBuffer: kindIs('ArrayBuffer', 'SharedArrayBuffer'),
    isArgumentsObject: kindIs('Arguments'),
    isArrayBuffer: kindIs('ArrayBuffer'),
    isArrayBufferView: (value) => ArrayBuffer.isView(value),
    isAsyncFunction: sourceIs(/^async\b/),
    isBigInt64Array: typedIs('BigInt64Array'),
    isBigUint64Array: typedIs('BigUint64Array'),
    isBooleanObject: kindIs('Boxed Boolean'),
    isBoxedPrimitive: kindIs('Boxed Boolean', 'Boxed Number', 'Boxed String', 'Boxed Symbol', 'Boxed BigInt'),
    isDataView: kindIs('DataView'),
    isDate: kindIs('Date'),
    isFloat32Array: typedIs('Float32Array'),
    isFloat64Array: typedIs('Float64Array'),
    isGeneratorFunction: sourceIs(/^(async\s+)?(function\s*)?\*/),
    isGeneratorObject: kindIs('Generator'),
    isInt8Array: typedIs('Int8Array'),
    isInt16Array: typedIs('Int16Array'),
    isInt32Array: typedIs('Int32Array'),
    isMap: kindIs('Map'),
    isMapIterator: kindIs('Map Iterator'),
    isNativeError: kindIs('Error'),
    isNumberObject: kindIs('Boxed Number'),
    isPromise: kindIs('Promise'),
    isProxy: kindIs('Proxy'),
    isRegExp: kindIs('RegExp'),
    isSet: kindIs('Set'),
    isSetIterator: kindIs('Set Iterator'),
    isSharedArrayBuffer: kindIs('SharedArrayBuffer'),
    isStringObject: kindIs('Boxed String'),
    isSymbolObject: kindIs('Boxed Symbol'),
    isTypedArray: kindIs('TypedArray'),
    isUint8Array: typedIs('Uint8Array'),
    isUint8ClampedArray: typedIs('Uint8ClampedArray'),
    isUint16Array: typedIs('Uint16Array'),
    isUint32Array: typedIs('Uint32Array'),
    isWeakMap: kindIs('WeakMap'),
    isWeakSet: kindIs('WeakSet'),
    isCryptoKey: () => false,
    isExternal: () => false,
    isKeyObject: () => false,
    isModuleNamespaceObject(value) {
        if (value === null || typeof value !== 'object' || Object.isExtensible(value)) return false;
        const tag = Object.getOwnPropertyDescriptor(value, Symbol.toStringTag);
        return tag?.value === 'Module' && !tag.writable && !tag.configurable && Object.getPrototypeOf(value) === null;
    },
};

// Needed by few scripts: made when asked for.
const later = (module, name) => (...args) => require(module)[name](...args);
const named = (name, module) => ({ [name]: later(module, name) })[name];

module.exports = {
    get TextDecoder() {
        return require('internal/encoding').TextDecoder;
    },
    get TextEncoder() {
        return require('internal/encoding').TextEncoder;
    },
    aborted,
    _extend: (target, source) => (source === null || typeof source !== 'object' ? target : Object.assign(target, source)),
    callbackify,
    debug: debuglog,
    debuglog,
    deprecate,
    format,
    formatWithOptions,
    getSystemErrorMap: named('getSystemErrorMap', 'internal/util_names'),
    getSystemErrorMessage: named('getSystemErrorMessage', 'internal/util_names'),
    getSystemErrorName: named('getSystemErrorName', 'internal/util_names'),
    inherits,
    inspect,
    isArray: Array.isArray,
    isDeepStrictEqual,
    parseEnv: named('parseEnv', 'internal/parse_env'),
    parseArgs: named('parseArgs', 'internal/parse_args'),
    promisify,
    styleText: named('styleText', 'internal/util_names'),
    stripVTControlCharacters,
    toUSVString: (text) => `${text}`.toWellFormed(),
    types,
    isBoolean: (value) => typeof value === 'boolean',
    isBuffer: (value) => Buffer.isBuffer(value),
    isDate: types.isDate,
    isError: (value) => types.isNativeError(value) || value instanceof Error,
    isFunction: (value) => typeof value === 'function',
    isNull: (value) => value === null,
    isNullOrUndefined: (value) => value === null || value === undefined,
    isNumber: (value) => typeof value === 'number',
    isObject: (value) => value !== null && typeof value === 'object',
    isPrimitive: (value) => value === null || (typeof value !== 'object' && typeof value !== 'function'),
    isRegExp: types.isRegExp,
    isString: (value) => typeof value === 'string',
    isSymbol: (value) => typeof value === 'symbol',
    isUndefined: (value) => value === undefined,
    log: (...args) => {
        const now = new Date();
        const two = (number) => String(number).padStart(2, '0');
        const month = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'][now.getMonth()];
        const time = [now.getHours(), now.getMinutes(), now.getSeconds()].map(two).join(':');
        console.log('%s - %s', `${now.getDate()} ${month} ${time}`, format(...args));
    },
};
