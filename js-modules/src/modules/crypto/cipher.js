'use strict';

const { Transform } = require('stream');
const { StringDecoder } = require('string_decoder');
const { make, invalidArgType, invalidArgValue, validateString, validateInteger } = require('internal/errors');
const core = require('internal/crypto');
const { Buffer } = require('buffer');
const { bytes, input } = require('internal/crypto/hash');
const { pending } = require('internal/crypto/random');

let warned = false;
const STATE = Symbol('state');
const TAG_LENGTHS = { gcm: [4, 8, 12, 13, 14, 15, 16] };

function invalidState(operation) { return make(Error, 'ERR_CRYPTO_INVALID_STATE', `Invalid state for operation ${operation}`); }

function construct(object, name, key, iv, options, encrypts) {
    validateString(name, 'cipher');
    const encoding = options && options.encoding;
    const keyBytes = require('internal/crypto/keys').secretBytes(key, encoding, 'key');
    if (iv !== null && typeof iv !== 'string' && !ArrayBuffer.isView(iv) && Object.prototype.toString.call(iv) !== '[object ArrayBuffer]') {
        throw invalidArgType('iv', ['string', 'ArrayBuffer', 'Buffer', 'TypedArray', 'DataView'], iv);
    }
    const info = core.cipherInfo(name);
    if (info === undefined) throw make(Error, 'ERR_CRYPTO_UNKNOWN_CIPHER', 'Unknown cipher');
    const sealed = info.mode === 'gcm' || info.name === 'chacha20-poly1305';
    let tagLength;
    if (options && options.authTagLength !== undefined && options.authTagLength !== null) {
        tagLength = options.authTagLength;
        if (typeof tagLength !== 'number' || tagLength < 0 || tagLength > 2 ** 31 - 1 || !Number.isInteger(tagLength)) {
            throw invalidArgValue('options.authTagLength', tagLength);
        }
    }
    const vector = iv === null ? new Uint8Array(0) : bytes(iv, 'iv');
    // A wrong vector is told before a wrong key.
    const fits = info.mode === 'gcm' ? vector.byteLength > 0 : info.mode === 'stream' ? vector.byteLength > 0 && vector.byteLength <= 12 : vector.byteLength === info.ivLength;
    if (!fits) throw make(TypeError, 'ERR_CRYPTO_INVALID_IV', 'Invalid initialization vector');
    if (keyBytes.byteLength !== info.keyLength) throw make(RangeError, 'ERR_CRYPTO_INVALID_KEYLEN', 'Invalid key length');
    const handle = core.cipher(name, keyBytes, vector, encrypts);
    if (sealed && tagLength !== undefined) checkTag(info, tagLength);
    Transform.call(object, options);
    Object.defineProperty(object, STATE, {
        enumerable: false, writable: true,
        value: { handle, encrypts, sealed, info, tagLength, tag: null, started: false, done: false, decoder: null, padding: true },
    });
}

function checkTag(info, length) {
    const fine = info.mode === 'gcm' ? TAG_LENGTHS.gcm.includes(length) : length >= 1 && length <= 16;
    if (!fine) throw make(TypeError, 'ERR_CRYPTO_INVALID_AUTH_TAG', `Invalid authentication tag length: ${length}`);
}

function text(own, buffer, encoding, last) {
    if (!encoding || encoding === 'buffer') return buffer;
    if (!Buffer.isEncoding(encoding)) throw make(TypeError, 'ERR_UNKNOWN_ENCODING', `Unknown encoding: ${encoding}`);
    if (own.decoder === null) {
        own.decoder = new StringDecoder(encoding);
        own.encoding = encoding;
    } else if (normal(own.encoding) !== normal(encoding)) {
        throw make(Error, 'ERR_INTERNAL_ASSERTION', 'Cannot change encoding');
    }
    return last ? own.decoder.end(buffer) : own.decoder.write(buffer);
}

function normal(encoding) {
    const lower = String(encoding).toLowerCase();
    return { 'utf-8': 'utf8', 'ucs-2': 'utf16le', 'ucs2': 'utf16le', 'utf-16le': 'utf16le', 'binary': 'latin1' }[lower] || lower;
}

function feed(own, data) {
    if (own.done) throw invalidState('update');
    own.started = true;
    return core.cipherUpdate(own.handle, typeof data === 'string' ? Buffer.from(data) : data);
}

function finish(own) {
    if (own.done) throw invalidState('final');
    own.done = true;
    const last = core.cipherFinal(own.handle);
    if (own.sealed) {
        const tag = core.cipherTag(own.handle);
        if (own.encrypts) {
            own.tag = tag.subarray(0, own.tagLength === undefined ? 16 : own.tagLength);
        } else if (own.tag === null || !core.equal(tag.subarray(0, own.tag.byteLength), own.tag)) {
            throw new Error('Unsupported state or unable to authenticate data');
        }
    }
    return last;
}

const methods = {
    update(data, inputEncoding, outputEncoding) {
        if (typeof data !== 'string' && !ArrayBuffer.isView(data)) throw invalidArgType('data', ['string', 'Buffer', 'TypedArray', 'DataView'], data);
        if (typeof data === 'string' && /^hex$/i.test(inputEncoding) && data.length % 2 === 1) {
            throw make(TypeError, 'ERR_INVALID_ARG_VALUE', `The argument 'encoding' is invalid for data of length ${data.length}. Received '${inputEncoding}'`);
        }
        const own = this[STATE];
        return text(own, feed(own, input(data, inputEncoding)), outputEncoding, false);
    },
    final(outputEncoding) {
        const own = this[STATE];
        return text(own, finish(own), outputEncoding, true);
    },
    _transform(chunk, encoding, callback) {
        this.push(feed(this[STATE], input(chunk, encoding)));
        callback();
    },
    _flush(callback) {
        try { this.push(finish(this[STATE])); } catch (error) { callback(error); return; }
        callback();
    },
    setAutoPadding(on) {
        const own = this[STATE];
        if (own.done) throw invalidState('setAutoPadding');
        core.cipherPadding(own.handle, on === undefined || Boolean(on));
        return this;
    },
    setAAD(data, options) {
        const own = this[STATE];
        if (!own.sealed || own.done || own.started) throw invalidState('setAAD');
        const encoding = options && options.encoding;
        if (options && options.plaintextLength !== undefined) validateInteger(options.plaintextLength, 'options.plaintextLength', 0);
        core.cipherAad(own.handle, bytes(data, 'buffer', encoding));
        return this;
    },
};

function Cipheriv(cipher, key, iv, options) {
    if (!(this instanceof Cipheriv)) return new Cipheriv(cipher, key, iv, options);
    construct(this, cipher, key, iv, options, true);
}
function Decipheriv(cipher, key, iv, options) {
    if (!(this instanceof Decipheriv)) return new Decipheriv(cipher, key, iv, options);
    construct(this, cipher, key, iv, options, false);
}
for (const Class of [Cipheriv, Decipheriv]) {
    Object.setPrototypeOf(Class.prototype, Transform.prototype);
    Object.setPrototypeOf(Class, Transform);
    for (const name of Object.keys(methods)) Object.defineProperty(Class.prototype, name, { value: methods[name], writable: true, configurable: true, enumerable: true });
}
Cipheriv.prototype.getAuthTag = function getAuthTag() {
    const own = this[STATE];
    if (!own.sealed || own.tag === null) throw invalidState('getAuthTag');
    return own.tag;
};
Decipheriv.prototype.setAuthTag = function setAuthTag(tag, encoding) {
    const own = this[STATE];
    const given = bytes(tag, 'buffer', encoding);
    if (!own.sealed || own.done || own.tag !== null) throw invalidState('setAuthTag');
    if (own.tagLength !== undefined && own.tagLength !== given.byteLength) {
        throw make(TypeError, 'ERR_CRYPTO_INVALID_AUTH_TAG', `Invalid authentication tag length: ${given.byteLength}`);
    }
    checkTag(own.info, given.byteLength);
    if (own.info.mode === 'gcm' && own.tagLength === undefined && given.byteLength < 16 && !warned && pending()) {
        warned = true;
        process.emitWarning('Using AES-GCM authentication tags of less than 128 bits without specifying the authTagLength option when initializing '
            + 'decryption is deprecated.', 'DeprecationWarning', 'DEP0182');
    }
    own.tag = Buffer.from(given.buffer, given.byteOffset, given.byteLength);
    return this;
};

exports.Cipheriv = Cipheriv;
exports.Decipheriv = Decipheriv;
exports.createCipheriv = function createCipheriv(cipher, key, iv, options) { return new Cipheriv(cipher, key, iv, options); };
exports.createDecipheriv = function createDecipheriv(cipher, key, iv, options) { return new Decipheriv(cipher, key, iv, options); };
exports.getCiphers = function getCiphers() { return core.ciphers().concat(['aes128', 'aes192', 'aes256', 'des3', 'id-aes128-GCM', 'id-aes192-GCM', 'id-aes256-GCM']).sort(); };
exports.getCipherInfo = function getCipherInfo(nameOrNid, options) {
    if (typeof nameOrNid !== 'string' && typeof nameOrNid !== 'number') throw invalidArgType('nameOrNid', ['string', 'number'], nameOrNid);
    if (typeof nameOrNid === 'number' && !Number.isInteger(nameOrNid)) validateInteger(nameOrNid, 'nameOrNid');
    if (options !== undefined && (options === null || typeof options !== 'object')) throw invalidArgType('options', 'Object', options);
    const { keyLength, ivLength } = options || {};
    if (keyLength !== undefined) validateInteger(keyLength, 'options.keyLength', 0, 2 ** 32 - 1);
    if (ivLength !== undefined) validateInteger(ivLength, 'options.ivLength', 0, 2 ** 32 - 1);
    const info = core.cipherInfo(nameOrNid);
    if (info === undefined) return undefined;
    if (keyLength !== undefined && keyLength !== info.keyLength) return undefined;
    if (ivLength !== undefined) {
        const fine = info.mode === 'gcm' ? ivLength > 0 : info.mode === 'stream' ? ivLength > 0 && ivLength <= 12 : ivLength === info.ivLength;
        if (!fine) return undefined;
        info.ivLength = ivLength;
    }
    const out = { mode: info.mode, name: info.mode === 'gcm' ? 'id-' + info.name.replace('-', '') : info.name, nid: info.nid };
    if (info.mode !== 'stream') out.blockSize = info.blockSize;
    if (info.ivLength > 0) out.ivLength = info.ivLength;
    out.keyLength = info.keyLength;
    return out;
};
