'use strict';

const core = require('internal/crypto');
const DOMException = require('internal/dom_exception');
const { randomUUID } = require('internal/crypto/random');
const { make, invalidArgType } = require('internal/errors');

const INTEGERS = ['Int8Array', 'Uint8Array', 'Uint8ClampedArray', 'Int16Array', 'Uint16Array', 'Int32Array', 'Uint32Array', 'BigInt64Array', 'BigUint64Array'];
const TOKEN = Symbol('from inside');
const tag = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(Uint8Array.prototype), Symbol.toStringTag).get;

function unsupported(name) { return new DOMException(name, 'NotSupportedError'); }

class SubtleCrypto {
    constructor(token) { if (token !== TOKEN) throw make(TypeError, 'ERR_ILLEGAL_CONSTRUCTOR', 'Illegal constructor'); }

    // Only `digest` is here; keys are made and used by the classic functions.
    async digest(algorithm, data) {
        const name = String(typeof algorithm === 'object' && algorithm !== null ? algorithm.name : algorithm).toUpperCase();
        if (!['SHA-1', 'SHA-256', 'SHA-384', 'SHA-512'].includes(name)) throw unsupported('Unrecognized algorithm name');
        if (!ArrayBuffer.isView(data) && !(data instanceof ArrayBuffer)) throw invalidArgType('data', ['ArrayBuffer', 'Buffer', 'TypedArray', 'DataView'], data);
        const handle = core.hash(name);
        core.update(handle, data);
        const out = core.digest(handle);
        return out.buffer.slice(out.byteOffset, out.byteOffset + out.byteLength);
    }
    get [Symbol.toStringTag]() { return 'SubtleCrypto'; }
}

const subtle = new SubtleCrypto(TOKEN);

class Crypto {
    constructor(token) { if (token !== TOKEN) throw make(TypeError, 'ERR_ILLEGAL_CONSTRUCTOR', 'Illegal constructor'); }
    get subtle() { return subtle; }
    getRandomValues(array) {
        if (!INTEGERS.includes(tag.call(array))) {
            throw new DOMException('The data argument must be an integer-type TypedArray', 'TypeMismatchError');
        }
        if (array.byteLength > 65536) {
            throw new DOMException(`The requested length exceeds 65,536 bytes`, 'QuotaExceededError');
        }
        core.randomFill(array);
        return array;
    }
    randomUUID(options) { return randomUUID(options); }
    get [Symbol.toStringTag]() { return 'Crypto'; }
}

exports.Crypto = Crypto;
exports.SubtleCrypto = SubtleCrypto;
exports.webcrypto = new Crypto(TOKEN);
