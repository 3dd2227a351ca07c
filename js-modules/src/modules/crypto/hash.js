'use strict';

const { Transform } = require('stream');
const { make, invalidArgType, outOfRange, validateString } = require('internal/errors');
const core = require('internal/crypto');
const { Buffer } = require('buffer');

const STATE = Symbol('state');

function finalized() { return make(Error, 'ERR_CRYPTO_HASH_FINALIZED', 'Digest already called'); }

// Texts in an encoding and views to bytes; a text in UTF-8 goes to the native as it is.
function input(data, encoding, name = 'data') {
    if (typeof data === 'string') {
        if (encoding === undefined || encoding === null || encoding === 'buffer' || /^utf-?8$/i.test(encoding)) return data;
        return Buffer.from(data, Buffer.isEncoding(encoding) ? encoding : 'utf8');
    }
    if (ArrayBuffer.isView(data)) return data;
    throw invalidArgType(name, ['string', 'Buffer', 'TypedArray', 'DataView'], data);
}

// Bytes of a text, a view or an ArrayBuffer, as keys, salts and the like are given.
function bytes(data, name, encoding) {
    if (typeof data === 'string') return Buffer.from(data, encoding === 'buffer' ? 'utf8' : encoding);
    if (ArrayBuffer.isView(data)) return isShared(data.buffer) ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength).slice() : data;
    // The natives read memory that no other thread writes: of shared memory they get a copy.
    if (isShared(data)) return new Uint8Array(data).slice();
    if (isBuffer(data)) return new Uint8Array(data);
    throw invalidArgType(name, ['string', 'ArrayBuffer', 'Buffer', 'TypedArray', 'DataView'], data);
}

function isBuffer(value) { return /^\[object (Shared)?ArrayBuffer\]$/.test(Object.prototype.toString.call(value)); }

function isShared(value) { return Object.prototype.toString.call(value) === '[object SharedArrayBuffer]'; }

function encode(buffer, encoding) {
    return encoding && encoding !== 'buffer' ? buffer.toString(encoding) : buffer;
}

function state(object, value) {
    Object.defineProperty(object, STATE, { value, enumerable: false, writable: true });
}

function Hash(algorithm, options) {
    if (!(this instanceof Hash)) return new Hash(algorithm, options);
    const copied = algorithm instanceof Hash;
    if (!copied) validateString(algorithm, 'algorithm');
    const length = options && typeof options === 'object' ? options.outputLength : undefined;
    if (length !== undefined) checkLength(length);
    let handle;
    if (copied) {
        handle = core.copy(algorithm[STATE].handle, length);
    } else {
        handle = core.hash(algorithm, length);
        if (handle === undefined) {
            throw new Error('Digest method not supported');
        }
    }
    if (handle === false) {
        throw make(Error, 'ERR_OSSL_EVP_NOT_XOF_OR_INVALID_LENGTH', 'Unsupported state or unable to authenticate');
    }
    Transform.call(this, options);
    state(this, { handle, done: false });
}
Object.setPrototypeOf(Hash.prototype, Transform.prototype);
Object.setPrototypeOf(Hash, Transform);

function checkLength(length) {
    if (typeof length !== 'number') throw invalidArgType('options.outputLength', 'number', length);
    if (!Number.isInteger(length)) throw outOfRange('options.outputLength', 'an integer', length);
    if (length < 0 || length > 4294967295) throw outOfRange('options.outputLength', '>= 0 && <= 4294967295', length);
}

Hash.prototype.copy = function copy(options) {
    if (this[STATE].done) throw finalized();
    return new Hash(this, options);
};

Hash.prototype._transform = function (chunk, encoding, callback) {
    core.update(this[STATE].handle, input(chunk, encoding));
    callback();
};

Hash.prototype._flush = function (callback) {
    this.push(core.digest(this[STATE].handle));
    callback();
};

Hash.prototype.update = function update(data, encoding) {
    if (this[STATE].done) throw finalized();
    if (typeof data === 'string' && /^hex$/i.test(encoding) && data.length % 2 === 1) {
        throw make(TypeError, 'ERR_INVALID_ARG_VALUE', `The argument 'encoding' is invalid for data of length ${data.length}. Received '${encoding}'`);
    }
    core.update(this[STATE].handle, input(data, encoding));
    return this;
};

Hash.prototype.digest = function digest(encoding) {
    const own = this[STATE];
    if (own.done) throw finalized();
    const name = encoding === undefined || encoding === 'buffer' ? encoding : String(encoding);
    own.done = true;
    return encode(core.digest(own.handle), name);
};

function Hmac(algorithm, key, options) {
    if (!(this instanceof Hmac)) return new Hmac(algorithm, key, options);
    validateString(algorithm, 'hmac');
    const secret = require('internal/crypto/keys').secretBytes(key, options && options.encoding, 'key');
    const handle = core.hmac(algorithm, secret);
    if (handle === undefined) throw make(TypeError, 'ERR_CRYPTO_INVALID_DIGEST', `Invalid digest: ${algorithm}`);
    Transform.call(this, options);
    state(this, { handle, done: false });
}
Object.setPrototypeOf(Hmac.prototype, Transform.prototype);
Object.setPrototypeOf(Hmac, Transform);
Hmac.prototype.update = Hash.prototype.update;
Hmac.prototype._transform = Hash.prototype._transform;
Hmac.prototype._flush = Hash.prototype._flush;
Hmac.prototype.digest = function digest(encoding) {
    const own = this[STATE];
    // A code may be asked for twice, and is empty then.
    if (own.done) return encode(Buffer.alloc(0), encoding);
    own.done = true;
    return encode(core.digest(own.handle), encoding);
};

exports.Hash = Hash;
exports.Hmac = Hmac;
exports.createHash = function createHash(algorithm, options) { return new Hash(algorithm, options); };
exports.createHmac = function createHmac(hmac, key, options) { return new Hmac(hmac, key, options); };
exports.hash = function hash(algorithm, data, outputEncoding = 'hex') {
    validateString(algorithm, 'algorithm');
    if (typeof data !== 'string' && !ArrayBuffer.isView(data)) throw invalidArgType('input', ['Buffer', 'TypedArray', 'DataView', 'string'], data);
    validateString(outputEncoding, 'outputEncoding');
    if (outputEncoding !== 'buffer' && !Buffer.isEncoding(outputEncoding)) {
        throw make(TypeError, 'ERR_INVALID_ARG_VALUE', `The argument 'outputEncoding' is invalid. Received '${outputEncoding}'`);
    }
    return new Hash(algorithm).update(data).digest(outputEncoding);
};
exports.getHashes = function getHashes() {
    const list = core.hashes(), rsa = list.filter((name) => /^(md5|ripemd160|sha)/.test(name) && !/^shake/.test(name));
    return rsa.map((name) => 'RSA-' + name.toUpperCase().replace('SHA512-', 'SHA512/')).concat(list).sort();
};
exports.bytes = bytes;
exports.input = input;
exports.encode = encode;
exports.isBuffer = isBuffer;
exports.isShared = isShared;
