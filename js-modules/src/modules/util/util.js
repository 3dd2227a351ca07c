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
        const callback = args.pop();
        validateFunction(callback, 'last argument');
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
};

class TextEncoder {
    get encoding() {
        return 'utf-8';
    }

    encode(text = '') {
        const bytes = Buffer.from(`${text}`, 'utf8');
        return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    }

    encodeInto(text, target) {
        validateString(text, 'src');
        let read = 0;
        let written = 0;
        for (const char of text) {
            const size = Buffer.byteLength(char);
            if (written + size > target.length) break;
            target.set(Buffer.from(char), written);
            written += size;
            read += char.length;
        }
        return { read, written };
    }
}

const LABELS = {
    __proto__: null,
    'utf-8': 'utf-8', utf8: 'utf-8', 'unicode-1-1-utf-8': 'utf-8', 'utf-16le': 'utf-16le', 'utf-16': 'utf-16le',
    ucs2: 'utf-16le', 'ucs-2': 'utf-16le', latin1: 'windows-1252', ascii: 'windows-1252', 'iso-8859-1': 'windows-1252',
};

class TextDecoder {
    #encoding;
    #fatal;
    #ignoreBOM;
    #decoder;
    #started = false;

    constructor(label = 'utf-8', options = {}) {
        const name = LABELS[`${label}`.trim().toLowerCase()];
        if (name === undefined) throw make(RangeError, 'ERR_ENCODING_NOT_SUPPORTED', `The "${label}" encoding is not supported`);
        this.#encoding = name;
        this.#fatal = Boolean(options?.fatal);
        this.#ignoreBOM = Boolean(options?.ignoreBOM);
    }

    get encoding() {
        return this.#encoding;
    }

    get fatal() {
        return this.#fatal;
    }

    get ignoreBOM() {
        return this.#ignoreBOM;
    }

    decode(input = new Uint8Array(0), options = {}) {
        let bytes;
        if (ArrayBuffer.isView(input)) bytes = Buffer.from(input.buffer, input.byteOffset, input.byteLength);
        else if (types.isAnyArrayBuffer(input)) bytes = Buffer.from(input);
        else throw invalidArgType('list', ['ArrayBuffer', 'ArrayBufferView'], input);
        const { StringDecoder } = require('string_decoder');
        this.#decoder ??= new StringDecoder({ 'utf-8': 'utf8', 'utf-16le': 'utf16le', 'windows-1252': 'latin1' }[this.#encoding]);
        if (this.#fatal && this.#encoding === 'utf-8') {
            const whole = this.#decoder.lastTotal ? Buffer.concat([this.#decoder.lastChar, bytes]) : bytes;
            const check = options?.stream ? whole.subarray(0, whole.length - tail(whole)) : whole;
            if (!require('buffer').isUtf8(check)) {
                this.#decoder = undefined;
                this.#started = false;
                throw make(TypeError, 'ERR_ENCODING_INVALID_ENCODED_DATA', `The encoded data was not valid for encoding ${this.#encoding}`);
            }
        }
        let text = this.#decoder.write(bytes);
        if (!options?.stream) text += this.#decoder.end();
        if (!this.#started && text !== '') {
            if (!this.#ignoreBOM && this.#encoding !== 'windows-1252' && text.charCodeAt(0) === 0xFEFF) text = text.slice(1);
            this.#started = true;
        }
        if (!options?.stream) {
            this.#decoder = undefined;
            this.#started = false;
        }
        return text;
    }
}

// Bytes of an unfinished character at the end.
function tail(bytes) {
    const { StringDecoder } = require('string_decoder');
    const decoder = new StringDecoder('utf8');
    decoder.write(bytes);
    return decoder.lastTotal;
}

module.exports = {
    TextDecoder,
    TextEncoder,
    callbackify,
    debug: debuglog,
    debuglog,
    deprecate,
    format,
    formatWithOptions,
    inherits,
    inspect,
    isArray: Array.isArray,
    isDeepStrictEqual,
    promisify,
    stripVTControlCharacters,
    toUSVString: (text) => `${text}`.toWellFormed(),
    types,
};
