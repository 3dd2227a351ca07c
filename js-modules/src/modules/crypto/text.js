'use strict';

// RSA on short texts: `publicEncrypt` and its kind.

const { make, invalidArgType, validateString } = require('internal/errors');
const core = require('internal/crypto');
const { bytes, isBuffer } = require('internal/crypto/hash');
const { KeyObject, read } = require('internal/crypto/keys');

const PKCS1 = 1, OAEP = 4;

function operation(name, usual, secret) {
    return function (options, data) {
        const given = options !== null && typeof options === 'object' && !(options instanceof KeyObject) && !ArrayBuffer.isView(options) && !isBuffer(options) ? options : {};
        const { encoding, oaepHash, oaepLabel } = given;
        const padding = given.padding === undefined || given.padding === null || given.padding === 0 ? usual : given.padding;
        if (oaepHash !== undefined) validateString(oaepHash, 'key.oaepHash');
        let label;
        if (oaepLabel !== undefined) {
            if (typeof oaepLabel !== 'string' && !ArrayBuffer.isView(oaepLabel) && !isBuffer(oaepLabel)) {
                throw invalidArgType('key.oaepLabel', ['string', 'ArrayBuffer', 'Buffer', 'TypedArray', 'DataView'], oaepLabel);
            }
            label = bytes(oaepLabel, 'key.oaepLabel', encoding);
        }
        const handle = key(options, given, secret);
        const text = bytes(data, 'buffer', encoding);
        const hash = oaepHash === undefined ? 'sha1' : oaepHash;
        if (core.hashBytes(hash) === undefined) throw make(Error, 'ERR_OSSL_EVP_INVALID_DIGEST', 'Invalid digest used');
        // Who learns which texts are well padded can read them all, and the caller's errors and times tell (CVE-2023-46809).
        if (name === 'privateDecrypt' && padding === PKCS1) {
            throw make(TypeError, 'ERR_INVALID_ARG_VALUE', 'RSA_PKCS1_PADDING is not supported for private decryption: use RSA_PKCS1_OAEP_PADDING');
        }
        return core.rsaText(handle, name, text, padding, hash, label);
    };
}

// A file of either kind of key will do, as in Node: what lacks the secret fails when it is needed. A key object has to fit.
function key(options, given, secret) {
    const object = options instanceof KeyObject ? options : given.key instanceof KeyObject ? given.key : undefined;
    if (!secret || object !== undefined) return read(options, secret);
    try {
        return read(options, true);
    } catch (error) {
        if (error.code !== 'ERR_OSSL_UNSUPPORTED') throw error;
        return read(options, false);
    }
}

exports.publicEncrypt = operation('publicEncrypt', OAEP, false);
exports.publicDecrypt = operation('publicDecrypt', PKCS1, false);
exports.privateEncrypt = operation('privateEncrypt', PKCS1, true);
exports.privateDecrypt = operation('privateDecrypt', OAEP, true);
for (const name of Object.keys(exports)) Object.defineProperty(exports[name], 'name', { value: name });
