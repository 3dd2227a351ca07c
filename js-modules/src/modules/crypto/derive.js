'use strict';

const { make, invalidArgType, outOfRange, validateFunction, validateString, validateInteger } = require('internal/errors');
const core = require('internal/crypto');
const { kMaxLength } = require('buffer');
const { bytes, isBuffer } = require('internal/crypto/hash');

const MAX = 2 ** 31 - 1;

function invalidDigest(name) { return make(TypeError, 'ERR_CRYPTO_INVALID_DIGEST', `Invalid digest: ${name}`); }

function checkPbkdf2(password, salt, iterations, length, digest) {
    if (typeof digest !== 'string') throw invalidArgType('digest', 'string', digest);
    password = bytes(password, 'password');
    salt = bytes(salt, 'salt');
    validateInteger(iterations, 'iterations', 1, MAX);
    validateInteger(length, 'keylen', 0, MAX);
    if (core.hashBytes(digest) === undefined) throw invalidDigest(digest);
    return [password, salt, iterations, length, digest];
}

exports.pbkdf2 = function pbkdf2(password, salt, iterations, keylen, digest, callback) {
    if (typeof digest === 'function') { callback = digest; digest = undefined; }
    const args = checkPbkdf2(password, salt, iterations, keylen, digest);
    validateFunction(callback, 'callback');
    core.pbkdf2(...args, callback);
};
exports.pbkdf2Sync = function pbkdf2Sync(password, salt, iterations, keylen, digest) {
    return core.pbkdf2(...checkPbkdf2(password, salt, iterations, keylen, digest));
};

function option(options, long, short, fallback) {
    const given = options[long] !== undefined, other = options[short] !== undefined;
    if (given && other) throw make(TypeError, 'ERR_INCOMPATIBLE_OPTION_PAIR', `Option "${short}" cannot be used in combination with option "${long}"`);
    const value = given ? options[long] : other ? options[short] : undefined;
    if (value === undefined) return fallback;
    validateInteger(value, given ? long : short, 0, 2 ** 32 - 1);
    return value || fallback;
}

function checkScrypt(password, salt, length, options) {
    password = bytes(password, 'password');
    salt = bytes(salt, 'salt');
    validateInteger(length, 'keylen', 0, MAX);
    const given = options || {};
    const n = option(given, 'cost', 'N', 16384), r = option(given, 'blockSize', 'r', 8), p = option(given, 'parallelization', 'p', 1);
    let most = 32 * 1024 * 1024;
    if (given.maxmem !== undefined) {
        validateInteger(given.maxmem, 'maxmem', 0);
        most = given.maxmem || most;
    }
    const need = 128 * n * r + 128 * r * p + 256 * r + 64;
    if (need > most) throw make(RangeError, 'ERR_CRYPTO_INVALID_SCRYPT_PARAMS', 'Invalid scrypt params: memory limit exceeded');
    if (n < 2 || !Number.isInteger(Math.log2(n)) || p > (2 ** 30 - 1) / r || n >= 2 ** (16 * r)) {
        throw make(RangeError, 'ERR_CRYPTO_INVALID_SCRYPT_PARAMS', 'Invalid scrypt params');
    }
    return [password, salt, n, r, p, length];
}

exports.scrypt = function scrypt(password, salt, keylen, options, callback) {
    if (typeof options === 'function') { callback = options; options = {}; }
    const args = checkScrypt(password, salt, keylen, options);
    validateFunction(callback, 'callback');
    core.scrypt(...args, callback);
};
exports.scryptSync = function scryptSync(password, salt, keylen, options) {
    return core.scrypt(...checkScrypt(password, salt, keylen, options));
};

function checkHkdf(digest, key, salt, info, length) {
    validateString(digest, 'digest');
    const { KeyObject } = require('internal/crypto/keys');
    const ikm = key instanceof KeyObject ? key.export() : bytesOrThrow(key, 'ikm', ['string', 'SecretKeyObject', 'ArrayBuffer', 'TypedArray', 'DataView', 'Buffer']);
    salt = bytesOrThrow(salt, 'salt');
    info = bytesOrThrow(info, 'info');
    validateInteger(length, 'length', 0, Math.min(kMaxLength, MAX));
    if (info.byteLength > 1024) throw outOfRange('info', 'must not contain more than 1024 bytes', info.byteLength);
    const size = core.hashBytes(digest);
    if (size === undefined) throw invalidDigest(digest);
    if (length > 255 * size) throw make(RangeError, 'ERR_CRYPTO_INVALID_KEYLEN', 'Invalid key length');
    return [digest, ikm, salt, info, length];
}

function bytesOrThrow(value, name, types = ['string', 'ArrayBuffer', 'TypedArray', 'DataView', 'Buffer']) {
    if (typeof value !== 'string' && !ArrayBuffer.isView(value) && !isBuffer(value)) throw invalidArgType(name, types, value);
    return bytes(value, name);
}

function exact(buffer) { return buffer.buffer.slice(buffer.byteOffset, buffer.byteOffset + buffer.byteLength); }

exports.hkdf = function hkdf(digest, ikm, salt, info, keylen, callback) {
    const args = checkHkdf(digest, ikm, salt, info, keylen);
    validateFunction(callback, 'callback');
    core.hkdf(...args, (error, result) => { if (error) callback(error); else callback(null, exact(result)); });
};
exports.hkdfSync = function hkdfSync(digest, ikm, salt, info, keylen) {
    return exact(core.hkdf(...checkHkdf(digest, ikm, salt, info, keylen)));
};
