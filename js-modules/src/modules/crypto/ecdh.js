'use strict';

const { make, invalidArgType, invalidArgValue, validateString } = require('internal/errors');
const core = require('internal/crypto');
const { Buffer } = require('buffer');
const { bytes, encode } = require('internal/crypto/hash');
const { KeyObject, HANDLE } = require('internal/crypto/keys');

const CURVES = ['prime256v1', 'secp384r1'];
const STATE = Symbol('state');

function form(point, format) {
    if (format === undefined || format === 'uncompressed') return 'uncompressed';
    if (format === 'compressed' || format === 'hybrid') return format;
    throw make(TypeError, 'ERR_CRYPTO_ECDH_INVALID_FORMAT', `Invalid ECDH format: ${format}`);
}

function shaped(curve, point, format) {
    const out = core.curvePoint(curve, point, format === 'compressed');
    if (out === undefined) throw make(Error, 'ERR_CRYPTO_OPERATION_FAILED', 'Failed to convert Buffer to EC_POINT');
    if (format === 'hybrid') out[0] = 6 + (out[out.length - 1] & 1);
    return out;
}

// Hybrid points say twice which of the two they are.
function accepted(point) {
    if ((point[0] === 6 || point[0] === 7) && (point[point.byteLength - 1] & 1) === point[0] - 6) {
        const copy = Buffer.from(new Uint8Array(point.buffer, point.byteOffset, point.byteLength));
        copy[0] = 4;
        return copy;
    }
    return point;
}

// A function, because Node's may be called without `new`.
function ECDH(curve) {
    if (!(this instanceof ECDH)) return new ECDH(curve);
    validateString(curve, 'curve');
    if (!CURVES.includes(curve)) throw make(TypeError, 'ERR_CRYPTO_INVALID_CURVE', 'Invalid EC curve name');
    Object.defineProperty(this, STATE, { value: { curve, secret: null, point: null }, enumerable: false });
}

class Methods {
    static convertKey(key, curve, inputEncoding, outputEncoding, format) {
        validateString(curve, 'curve');
        const given = bytes(key, 'key', inputEncoding);
        if (!CURVES.includes(curve)) throw make(TypeError, 'ERR_CRYPTO_INVALID_CURVE', 'Invalid EC curve name');
        return encode(shaped(curve, accepted(given), form(given, format)), outputEncoding);
    }

    generateKeys(encoding, format) {
        const own = this[STATE];
        own.secret = core.curveGenerate(own.curve);
        own.point = core.curvePublic(own.curve, own.secret);
        return this.getPublicKey(encoding, format);
    }

    computeSecret(other, inputEncoding, outputEncoding) {
        const own = this[STATE], point = accepted(bytes(other, 'otherPublicKey', inputEncoding));
        if (own.secret === null) throw make(Error, 'ERR_CRYPTO_ECDH_INVALID_KEY_PAIR', 'Invalid key pair');
        const shared = core.curveAgree(own.curve, own.secret, point);
        if (shared === undefined) throw make(Error, 'ERR_CRYPTO_ECDH_INVALID_PUBLIC_KEY', 'Public key is not valid for specified curve');
        return encode(shared, outputEncoding);
    }

    getPublicKey(encoding, format) {
        const own = this[STATE], wanted = form(null, format);
        if (own.point === null) throw make(Error, 'ERR_CRYPTO_ECDH_INVALID_PUBLIC_KEY', 'Failed to get ECDH public key');
        return encode(shaped(own.curve, own.point, wanted), encoding);
    }

    getPrivateKey(encoding) {
        const own = this[STATE];
        if (own.secret === null) throw make(Error, 'ERR_CRYPTO_ECDH_INVALID_PRIVATE_KEY', 'Failed to get ECDH private key');
        return encode(Buffer.from(own.secret), encoding);
    }

    setPrivateKey(key, encoding) {
        const own = this[STATE], secret = Buffer.from(bytes(key, 'key', encoding));
        const point = core.curvePublic(own.curve, secret);
        if (point === undefined) throw make(Error, 'ERR_CRYPTO_INVALID_KEYTYPE', 'Private key is not valid for specified curve.');
        own.secret = secret;
        own.point = point;
        return this;
    }

    setPublicKey(key, encoding) {
        const own = this[STATE], point = core.curvePoint(own.curve, accepted(bytes(key, 'key', encoding)), false);
        if (point === undefined) throw make(Error, 'ERR_CRYPTO_OPERATION_FAILED', 'Failed to convert Buffer to EC_POINT');
        own.point = point;
        return this;
    }
}

const { constructor, ...methods } = Object.getOwnPropertyDescriptors(Methods.prototype);
Object.defineProperties(ECDH.prototype, methods);
ECDH.convertKey = Methods.convertKey;

exports.ECDH = ECDH;
exports.createECDH = function createECDH(curve) { return new ECDH(curve); };
exports.getCurves = function getCurves() { return CURVES.slice(); };

exports.diffieHellman = function diffieHellman(options) {
    if (options === null || typeof options !== 'object' || Array.isArray(options)) throw invalidArgType('options', 'Object', options);
    const { privateKey, publicKey } = options;
    if (!(privateKey instanceof KeyObject)) throw invalidArgValue('options.privateKey', privateKey);
    if (!(publicKey instanceof KeyObject)) throw invalidArgValue('options.publicKey', publicKey);
    if (privateKey.type !== 'private') throw make(TypeError, 'ERR_CRYPTO_INVALID_KEY_OBJECT_TYPE', `Invalid key object type ${privateKey.type}, expected private.`);
    if (publicKey.type !== 'public' && publicKey.type !== 'private') {
        throw make(TypeError, 'ERR_CRYPTO_INVALID_KEY_OBJECT_TYPE', `Invalid key object type ${publicKey.type}, expected private or public.`);
    }
    const mine = privateKey.asymmetricKeyType, theirs = publicKey.asymmetricKeyType;
    if (mine !== theirs || !['ec', 'x25519'].includes(mine)) {
        throw make(Error, 'ERR_CRYPTO_INCOMPATIBLE_KEY', `Incompatible key types for Diffie-Hellman: ${mine} and ${theirs}`);
    }
    return core.agree(privateKey[HANDLE], publicKey[HANDLE]);
};
