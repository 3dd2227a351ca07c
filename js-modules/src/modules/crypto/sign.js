'use strict';

const { Writable } = require('stream');
const { make, invalidArgType, invalidArgValue, validateFunction, validateString } = require('internal/errors');
const core = require('internal/crypto');
const { Buffer } = require('buffer');
const { bytes, input, encode } = require('internal/crypto/hash');
const { read } = require('internal/crypto/keys');

const STATE = Symbol('state');
const PKCS1 = 1, PSS = 6;

// What the key argument says besides the key.
function options(key, handle, digest) {
    const given = key !== null && typeof key === 'object' && !ArrayBuffer.isView(key) ? key : {};
    const { padding, saltLength, dsaEncoding } = given;
    if (padding !== undefined && (!Number.isInteger(padding))) throw invalidArgValue('options.padding', padding);
    if (saltLength !== undefined && (!Number.isInteger(saltLength))) throw invalidArgValue('options.saltLength', saltLength);
    if (dsaEncoding !== undefined && dsaEncoding !== 'der' && dsaEncoding !== 'ieee-p1363') throw invalidArgValue('options.dsaEncoding', dsaEncoding);
    if (padding !== undefined && padding !== PKCS1 && padding !== PSS && core.keyParts(handle).type === 'rsa') {
        throw make(Error, 'ERR_OSSL_RSA_ILLEGAL_OR_UNSUPPORTED_PADDING_MODE', 'error:020000A9:rsa routines::illegal or unsupported padding mode');
    }
    return { pss: padding === PSS, salt: saltLength, mask: undefined, flat: dsaEncoding === 'ieee-p1363', digest };
}

function salt(set, verifies) {
    const length = core.hashBytes(set.digest);
    // -1 is the digest's length, -2 the longest there is; who verifies takes any then.
    if (set.salt === -1) return length;
    if (set.salt === undefined || set.salt === -2) return -1;
    return verifies && set.salt < 0 ? -1 : set.salt;
}

function begin(object, algorithm, name) {
    validateString(algorithm, 'algorithm');
    const handle = core.hash(algorithm);
    if (!handle) throw make(Error, 'ERR_CRYPTO_INVALID_DIGEST', `Invalid digest: ${algorithm}`);
    Writable.call(object);
    Object.defineProperty(object, STATE, { value: { handle, algorithm, done: false, name }, enumerable: false, writable: true });
}

function update(data, encoding) {
    const own = this[STATE];
    if (typeof data !== 'string' && !ArrayBuffer.isView(data)) throw invalidArgType('data', ['string', 'Buffer', 'TypedArray', 'DataView'], data);
    if (own.done) throw make(Error, 'ERR_CRYPTO_INVALID_STATE', 'Invalid state for operation update');
    core.update(own.handle, input(data, encoding));
    return this;
}
function _write(chunk, encoding, callback) {
    this.update(chunk, encoding);
    callback();
}

function digest(own, handle) {
    const type = core.keyParts(handle).type;
    if (type === 'ed25519' || type === 'x25519') {
        throw make(Error, 'ERR_OSSL_EVP_OPERATION_NOT_SUPPORTED_FOR_THIS_KEYTYPE', 'error:03000096:digital envelope routines::operation not supported for this keytype');
    }
    if (own.done) throw make(Error, 'ERR_CRYPTO_INVALID_STATE', `Not initialised`);
    own.done = true;
    return core.digest(own.handle);
}

function Sign(algorithm) {
    if (!(this instanceof Sign)) return new Sign(algorithm);
    begin(this, algorithm, 'sign');
}
function Verify(algorithm) {
    if (!(this instanceof Verify)) return new Verify(algorithm);
    begin(this, algorithm, 'verify');
}
for (const Class of [Sign, Verify]) {
    Object.setPrototypeOf(Class.prototype, Writable.prototype);
    Object.setPrototypeOf(Class, Writable);
    Class.prototype._write = _write;
    Class.prototype.update = update;
}

Sign.prototype.sign = function sign(key, encoding) {
    if (!key) throw make(Error, 'ERR_CRYPTO_SIGN_KEY_REQUIRED', 'No key provided to sign');
    const own = this[STATE], handle = read(key, true), set = options(key, handle, own.algorithm);
    const out = core.sign(handle, own.algorithm, digest(own, handle), true, set.pss, salt(set, false), set.mask, set.flat);
    return encode(out, encoding);
};

Verify.prototype.verify = function verify(key, signature, encoding) {
    const own = this[STATE], handle = read(key, false), set = options(key, handle, own.algorithm);
    const given = bytes(signature, 'signature', encoding);
    return core.verify(handle, own.algorithm, digest(own, handle), true, set.pss, salt(set, true), set.mask, set.flat, given);
};

function prepare(algorithm, data, key, secret) {
    if (algorithm !== null && algorithm !== undefined) validateString(algorithm, 'algorithm');
    if (!ArrayBuffer.isView(data) && Object.prototype.toString.call(data) !== '[object ArrayBuffer]') {
        throw invalidArgType('data', ['ArrayBuffer', 'Buffer', 'TypedArray', 'DataView'], data);
    }
    if (secret && !key) throw make(Error, 'ERR_CRYPTO_SIGN_KEY_REQUIRED', 'No key provided to sign');
    const handle = read(key, secret), type = core.keyParts(handle).type;
    let name = algorithm === undefined ? null : algorithm;
    if (name !== null && core.hashBytes(name) === undefined) throw make(TypeError, 'ERR_CRYPTO_INVALID_DIGEST', `Invalid digest: ${name}`);
    if (type === 'ed25519' && name !== null) throw make(Error, 'ERR_OSSL_INVALID_DIGEST', 'error:1C80007A:Provider routines::invalid digest');
    if (name === null && type !== 'ed25519' && type !== 'x25519') name = 'sha256';
    return [handle, name, options(key, handle, name)];
}

exports.Sign = Sign;
exports.Verify = Verify;
exports.createSign = function createSign(algorithm) { return new Sign(algorithm); };
exports.createVerify = function createVerify(algorithm) { return new Verify(algorithm); };
exports.sign = function sign(algorithm, data, key, callback) {
    if (callback !== undefined) validateFunction(callback, 'callback');
    const [handle, name, set] = prepare(algorithm, data, key, true);
    return core.sign(handle, name, data, false, set.pss, name ? salt(set, false) : -1, set.mask, set.flat, callback);
};
exports.verify = function verify(algorithm, data, key, signature, callback) {
    if (callback !== undefined) validateFunction(callback, 'callback');
    const [handle, name, set] = prepare(algorithm, data, key, false);
    if (!ArrayBuffer.isView(signature) && Object.prototype.toString.call(signature) !== '[object ArrayBuffer]') {
        throw invalidArgType('signature', ['ArrayBuffer', 'Buffer', 'TypedArray', 'DataView'], signature);
    }
    return core.verify(handle, name, data, false, set.pss, name ? salt(set, true) : -1, set.mask, set.flat, signature, callback);
};
