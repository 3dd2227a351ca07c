'use strict';

const { make, invalidArgType, invalidArgValue, validateString } = require('internal/errors');
const core = require('internal/crypto');
const { Buffer } = require('buffer');
const { isBuffer } = require('internal/crypto/hash');

const HANDLE = Symbol('handle');
const TOKEN = Symbol('from inside');
const CURVE_NAMES = { 'prime256v1': 'P-256', 'secp384r1': 'P-384' };

class KeyObject {
    constructor(type, handle, token) {
        if (type !== 'secret' && type !== 'public' && type !== 'private') throw invalidArgValue('type', type);
        if (token !== TOKEN) throw invalidArgType('handle', 'object', handle);
        Object.defineProperty(this, HANDLE, { value: handle, enumerable: false });
        Object.defineProperty(this, 'type', { value: type, enumerable: true, configurable: false, writable: false });
    }

    static from(key) {
        throw invalidArgType('key', 'CryptoKey', key);
    }

    equals(other) {
        if (!(other instanceof KeyObject)) throw invalidArgType('otherKeyObject', 'KeyObject', other);
        if (this.type !== other.type) return false;
        if (this.type === 'secret') return this[HANDLE].length === other[HANDLE].length && core.equal(this[HANDLE], other[HANDLE]);
        return core.keyEquals(this[HANDLE], other[HANDLE]);
    }
    get [Symbol.toStringTag]() { return 'KeyObject'; }
}

class SecretKeyObject extends KeyObject {
    constructor(bytes) { super('secret', bytes, TOKEN); }
    get symmetricKeySize() { return this[HANDLE].byteLength; }
    export(options) {
        if (options !== undefined) {
            if (options === null || typeof options !== 'object') throw invalidArgType('options', 'Object', options);
            if (options.format !== undefined && options.format !== 'buffer' && options.format !== 'jwk') throw invalidArgValue('options.format', options.format);
            if (options.format === 'jwk') return { kty: 'oct', k: this[HANDLE].toString('base64url') };
        }
        return Buffer.from(this[HANDLE]);
    }
}

const kParts = Symbol('parts');

class AsymmetricKeyObject extends KeyObject {
    constructor(type, handle) { super(type, handle, TOKEN); }
    get asymmetricKeyType() { return parts(this).type; }
    get asymmetricKeyDetails() {
        const own = parts(this);
        if (own.type === 'rsa') {
            const bits = own.n.length * 8 - Math.clz32(own.n[0]) + 24;
            return { modulusLength: bits, publicExponent: BigInt('0x' + own.e.toString('hex')) };
        }
        return own.type === 'ec' ? { namedCurve: own.curve } : {};
    }
}

function parts(key) {
    if (key[kParts] === undefined) Object.defineProperty(key, kParts, { value: core.keyParts(key[HANDLE]), enumerable: false });
    return key[kParts];
}

class PublicKeyObject extends AsymmetricKeyObject {
    constructor(handle) { super('public', handle); }
    export(options) {
        checkOptions(options);
        if (options.format === 'jwk') return jwk(this, false);
        return write(this, options, 'spki', ['pkcs1', 'spki']);
    }
}

class PrivateKeyObject extends AsymmetricKeyObject {
    constructor(handle) { super('private', handle); }
    export(options) {
        checkOptions(options);
        if (options.format === 'jwk') {
            if (options.passphrase !== undefined || options.cipher !== undefined) {
                throw make(Error, 'ERR_CRYPTO_INCOMPATIBLE_KEY_OPTIONS', 'The selected key encoding jwk does not support encryption.');
            }
            return jwk(this, true);
        }
        return write(this, options, 'pkcs8', ['pkcs1', 'pkcs8', 'sec1']);
    }
}

function checkOptions(options) {
    if (options === undefined || options === null || typeof options !== 'object') throw invalidArgType('options', 'Object', options);
}

// `{ format, type, cipher, passphrase }` to the bytes or text of a file.
function write(key, options, fallback, forms, prefix = 'options') {
    const { format, cipher } = options;
    let { type, passphrase } = options;
    if (format !== 'pem' && format !== 'der') throw invalidArgValue(`${prefix}.format`, format);
    if (type === undefined) throw invalidArgValue(`${prefix}.type`, type);
    if (!forms.includes(type)) throw invalidArgValue(`${prefix}.type`, type);
    const kind = parts(key).type;
    if (type === 'pkcs1' && kind !== 'rsa') throw make(Error, 'ERR_CRYPTO_INCOMPATIBLE_KEY_OPTIONS', 'The selected key encoding pkcs1 can only be used for RSA keys.');
    if (type === 'sec1' && kind !== 'ec') throw make(Error, 'ERR_CRYPTO_INCOMPATIBLE_KEY_OPTIONS', 'The selected key encoding sec1 can only be used for EC keys.');
    if (key.type === 'private' && (cipher !== undefined && cipher !== null || passphrase !== undefined)) {
        if (cipher === undefined || cipher === null) throw invalidArgValue(`${prefix}.cipher`, cipher);
        if (typeof cipher !== 'string') throw invalidArgValue(`${prefix}.cipher`, cipher);
        if (format === 'der' && (type === 'pkcs1' || type === 'sec1')) {
            throw make(Error, 'ERR_CRYPTO_INCOMPATIBLE_KEY_OPTIONS', `The selected key encoding ${type} does not support encryption.`);
        }
        if (typeof passphrase !== 'string' && !ArrayBuffer.isView(passphrase) && !isBuffer(passphrase)) throw invalidArgValue(`${prefix}.passphrase`, passphrase);
        passphrase = typeof passphrase === 'string' ? Buffer.from(passphrase) : passphrase;
    } else passphrase = undefined;
    const out = core.keyWrite(key[HANDLE], type, format === 'pem', cipher, passphrase);
    return format === 'pem' ? out.toString('latin1') : out;
}

function jwk(key, secret) {
    const own = parts(key), text = (bytes) => bytes.toString('base64url'), out = {};
    if (own.type === 'rsa') {
        out.kty = 'RSA';
        for (const name of secret ? ['n', 'e', 'd', 'p', 'q', 'dp', 'dq', 'qi'] : ['n', 'e']) out[name] = text(own[name]);
        return out;
    }
    if (own.type === 'ec') {
        out.crv = CURVE_NAMES[own.curve];
        if (secret) out.d = text(own.d);
        return Object.assign(out, { kty: 'EC', x: text(own.x), y: text(own.y) });
    }
    out.crv = own.type === 'ed25519' ? 'Ed25519' : 'X25519';
    if (secret) out.d = text(own.d);
    return Object.assign(out, { x: text(own.x), kty: 'OKP' });
}

function fromJwk(key, secret) {
    if (key === null || typeof key !== 'object') throw invalidArgType('key.key', 'object', key);
    const part = (name) => {
        validateString(key[name], `key.${name}`);
        return Buffer.from(key[name], 'base64url');
    };
    let handle;
    if (key.kty === 'RSA') {
        handle = secret ? core.keyFromParts('rsa', part('n'), part('e'), part('d'), part('p'), part('q')) : core.keyFromParts('rsa', part('n'), part('e'));
    } else if (key.kty === 'EC') {
        if (!['P-256', 'P-384'].includes(key.crv)) throw invalidArgValue('key.crv', key.crv, "must be one of: 'P-256', 'P-384'");
        handle = core.keyFromParts(key.crv, part('x'), part('y'), secret ? part('d') : undefined);
    } else if (key.kty === 'OKP') {
        if (!['Ed25519', 'X25519'].includes(key.crv)) throw invalidArgValue('key.crv', key.crv, "must be one of: 'Ed25519', 'X25519'");
        handle = core.keyFromParts(key.crv.toLowerCase(), part('x'), secret ? part('d') : undefined);
    } else {
        throw invalidArgValue('key.kty', key.kty, "must be one of: 'RSA', 'EC', 'OKP'");
    }
    if (handle === undefined) throw make(Error, 'ERR_CRYPTO_INVALID_JWK', 'Invalid JWK data');
    return handle;
}

function isBytes(value) { return ArrayBuffer.isView(value) || isBuffer(value); }
function plain(value, encoding) {
    if (typeof value === 'string') return Buffer.from(value, encoding === 'buffer' ? undefined : encoding);
    return isBuffer(value) ? new Uint8Array(value) : value;
}

const TYPES = ['ArrayBuffer', 'Buffer', 'TypedArray', 'DataView', 'string', 'KeyObject', 'CryptoKey'];

// A handle of what `createPublicKey` and its kind take. Where a private key will do, so will its public half.
function read(key, secret, name = 'key') {
    if (key instanceof KeyObject) {
        if (key.type === 'secret') throw make(TypeError, 'ERR_CRYPTO_INVALID_KEY_OBJECT_TYPE', `Invalid key object type secret, expected ${secret ? 'private' : 'private or public'}.`);
        if (secret && key.type !== 'private') throw make(TypeError, 'ERR_CRYPTO_INVALID_KEY_OBJECT_TYPE', `Invalid key object type ${key.type}, expected private.`);
        return secret ? key[HANDLE] : key.type === 'private' ? core.keyPublic(key[HANDLE]) : key[HANDLE];
    }
    if (typeof key === 'string' || isBytes(key)) return core.keyPem(plain(key), undefined, secret);
    if (key === null || typeof key !== 'object') throw invalidArgType(name, TYPES.concat('object'), key);
    const { key: data, encoding, format, type } = key;
    if (data instanceof KeyObject) return read(data, secret, 'key.key');
    if (format === 'jwk') return fromJwk(data, secret);
    if (typeof data !== 'string' && !isBytes(data)) throw invalidArgType('key.key', TYPES, data);
    if (format !== undefined && format !== 'pem' && format !== 'der') throw invalidArgValue('options.format', format);
    let passphrase = key.passphrase;
    if (passphrase !== undefined && passphrase !== null) {
        if (typeof passphrase !== 'string' && !isBytes(passphrase)) throw invalidArgValue('options.passphrase', passphrase);
        passphrase = plain(passphrase, encoding);
        if (passphrase.byteLength > 1024) throw make(Error, 'ERR_OSSL_BAD_PASSWORD_READ', 'error:07880109:common libcrypto routines::interrupted or cancelled');
    } else passphrase = undefined;
    if (format !== 'der') return core.keyPem(plain(data, encoding), passphrase, secret);
    if (type === undefined || !(secret ? ['pkcs1', 'pkcs8', 'sec1'] : ['pkcs1', 'pkcs8', 'sec1', 'spki']).includes(type)) throw invalidArgValue('options.type', type);
    return core.keyDer(plain(data, encoding), type, passphrase, secret);
}

exports.KeyObject = KeyObject;
exports.PublicKeyObject = PublicKeyObject;
exports.PrivateKeyObject = PrivateKeyObject;
exports.HANDLE = HANDLE;
exports.read = read;
exports.write = write;
exports.parts = (handle) => core.keyParts(handle);

exports.createPublicKey = function createPublicKey(key) {
    if (key instanceof KeyObject && key.type !== 'private') {
        throw make(TypeError, 'ERR_CRYPTO_INVALID_KEY_OBJECT_TYPE', `Invalid key object type ${key.type}, expected private.`);
    }
    return new PublicKeyObject(read(key, false));
};
exports.createPrivateKey = function createPrivateKey(key) {
    if (key instanceof KeyObject) throw invalidArgType('key', ['string', 'ArrayBuffer', 'Buffer', 'TypedArray', 'DataView', 'object'], key);
    return new PrivateKeyObject(read(key, true));
};
exports.createSecretKey = function createSecretKey(key, encoding) {
    if (typeof key !== 'string' && !isBytes(key)) throw invalidArgType('key', ['ArrayBuffer', 'Buffer', 'TypedArray', 'DataView', 'string'], key);
    return new SecretKeyObject(Buffer.from(typeof key === 'string' ? Buffer.from(key, encoding) : isBuffer(key) ? new Uint8Array(key) : new Uint8Array(key.buffer, key.byteOffset, key.byteLength)));
};

// The bytes of a symmetric key, given as they are or as a key object.
exports.secretBytes = function secretBytes(key, encoding, name) {
    if (key instanceof KeyObject) {
        if (key.type !== 'secret') throw make(TypeError, 'ERR_CRYPTO_INVALID_KEY_OBJECT_TYPE', `Invalid key object type ${key.type}, expected secret.`);
        return key[HANDLE];
    }
    if (typeof key !== 'string' && !isBytes(key)) throw invalidArgType(name, ['ArrayBuffer', 'Buffer', 'TypedArray', 'DataView', 'string', 'KeyObject', 'CryptoKey'], key);
    return plain(key, encoding);
};
