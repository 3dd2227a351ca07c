'use strict';

const { make, invalidArgType, invalidArgValue, validateFunction, validateString, validateInteger } = require('internal/errors');
const core = require('internal/crypto');
const { Buffer } = require('buffer');
const { PublicKeyObject, PrivateKeyObject, write, createSecretKey } = require('internal/crypto/keys');

const promisify = Symbol.for('nodejs.util.promisify.custom');

// The job and how its key is shown; a job takes a callback or nothing.
function prepare(type, options) {
    validateString(type, 'type');
    if (options !== undefined && (options === null || typeof options !== 'object')) throw invalidArgType('options', 'Object', options);
    const given = options || {};
    for (const name of ['publicKeyEncoding', 'privateKeyEncoding']) {
        const value = given[name];
        if (value !== undefined && value !== null && typeof value !== 'object') throw invalidArgValue(`options.${name}`, value);
        if (value === null) throw invalidArgValue(`options.${name}`, value);
    }
    let start;
    if (type === 'rsa') {
        if (options === undefined) throw invalidArgType('options', 'Object', options);
        validateInteger(given.modulusLength, 'options.modulusLength', 0, 2 ** 32 - 1);
        const exponent = given.publicExponent === undefined || given.publicExponent === null ? 0x10001 : given.publicExponent;
        validateInteger(exponent, 'options.publicExponent', 0, 2 ** 32 - 1);
        start = (callback) => core.generateRsa(given.modulusLength, exponent, callback);
    } else if (type === 'ec') {
        if (options === undefined) throw invalidArgType('options', 'Object', options);
        validateString(given.namedCurve, 'options.namedCurve');
        const encoding = given.paramEncoding;
        if (encoding !== undefined && encoding !== null && encoding !== 'named') throw invalidArgValue('options.paramEncoding', encoding);
        start = (callback) => core.generate(given.namedCurve, callback);
        if (!['prime256v1', 'P-256', 'secp256r1', 'secp384r1', 'P-384'].includes(given.namedCurve)) {
            throw make(TypeError, 'ERR_CRYPTO_INVALID_CURVE', 'Invalid EC curve name');
        }
    } else if (type === 'ed25519' || type === 'x25519') {
        start = (callback) => core.generate(type, callback);
    } else {
        throw invalidArgValue('type', type, 'must be a supported key type');
    }
    const show = (handle) => {
        const secret = new PrivateKeyObject(handle), open = new PublicKeyObject(core.keyPublic(handle));
        const file = (key, encoding, forms, name) => {
            if (encoding === undefined || encoding === null) return key;
            return encoding.format === 'jwk' ? key.export(encoding) : write(key, encoding, undefined, forms, `options.${name}`);
        };
        return [
            file(open, given.publicKeyEncoding, ['pkcs1', 'spki'], 'publicKeyEncoding'),
            file(secret, given.privateKeyEncoding, ['pkcs1', 'pkcs8', 'sec1'], 'privateKeyEncoding'),
        ];
    };
    check(given.publicKeyEncoding, 'publicKeyEncoding', ['pkcs1', 'spki'], type);
    check(given.privateKeyEncoding, 'privateKeyEncoding', ['pkcs1', 'pkcs8', 'sec1'], type);
    return { start, show };
}

// Before the key is made: a wrong encoding is told at once.
function check(encoding, name, forms, type) {
    if (encoding === undefined || encoding === null) return;
    if (encoding.format === 'jwk') return;
    if (encoding.format !== 'pem' && encoding.format !== 'der') throw invalidArgValue(`options.${name}.format`, encoding.format);
    if (!forms.includes(encoding.type)) throw invalidArgValue(`options.${name}.type`, encoding.type);
    if (encoding.type === 'pkcs1' && type !== 'rsa') throw make(Error, 'ERR_CRYPTO_INCOMPATIBLE_KEY_OPTIONS', 'The selected key encoding pkcs1 can only be used for RSA keys.');
    if (encoding.type === 'sec1' && type !== 'ec') throw make(Error, 'ERR_CRYPTO_INCOMPATIBLE_KEY_OPTIONS', 'The selected key encoding sec1 can only be used for EC keys.');
    if (name !== 'privateKeyEncoding') return;
    const { cipher, passphrase } = encoding;
    if (cipher === undefined || cipher === null) {
        if (passphrase !== undefined) throw invalidArgValue('options.privateKeyEncoding.cipher', cipher);
        return;
    }
    if (typeof cipher !== 'string') throw invalidArgValue('options.privateKeyEncoding.cipher', cipher);
    if (typeof passphrase !== 'string' && !ArrayBuffer.isView(passphrase)) throw invalidArgValue('options.privateKeyEncoding.passphrase', passphrase);
    if (encoding.format === 'der' && encoding.type !== 'pkcs8') {
        throw make(Error, 'ERR_CRYPTO_INCOMPATIBLE_KEY_OPTIONS', `The selected key encoding ${encoding.type} does not support encryption.`);
    }
}

exports.generateKeyPairSync = function generateKeyPairSync(type, options) {
    const { start, show } = prepare(type, options);
    const [publicKey, privateKey] = show(start());
    return { publicKey, privateKey };
};

exports.generateKeyPair = function generateKeyPair(type, options, callback) {
    if (typeof options === 'function') { callback = options; options = undefined; }
    validateFunction(callback, 'callback');
    const { start, show } = prepare(type, options);
    start((error, handle) => {
        if (error) { callback(error); return; }
        let pair;
        try { pair = show(handle); } catch (wrong) { callback(wrong); return; }
        callback(null, pair[0], pair[1]);
    });
};
Object.defineProperty(exports.generateKeyPair, promisify, {
    enumerable: false,
    value: (type, options) => new Promise((resolve, reject) => {
        exports.generateKeyPair(type, options, (error, publicKey, privateKey) => { if (error) reject(error); else resolve({ publicKey, privateKey }); });
    }),
});

function secretLength(type, options) {
    validateString(type, 'type');
    if (options === null || typeof options !== 'object' || Array.isArray(options)) throw invalidArgType('options', 'Object', options);
    const { length } = options;
    if (type === 'hmac') validateInteger(length, 'options.length', 8, 2 ** 31 - 1);
    else if (type === 'aes') {
        if (![128, 192, 256].includes(length)) throw invalidArgValue('options.length', length, 'must be one of: 128, 192, 256');
    } else throw invalidArgValue('type', type, 'must be a supported key type');
    return Math.floor(length / 8);
}

exports.generateKeySync = function generateKeySync(type, options) {
    const bytes = Buffer.alloc(secretLength(type, options));
    core.randomFill(bytes);
    return createSecretKey(bytes);
};
exports.generateKey = function generateKey(type, options, callback) {
    if (typeof options === 'function') { callback = options; options = undefined; }
    validateFunction(callback, 'callback');
    const key = exports.generateKeySync(type, options);
    setImmediate(() => callback(undefined, key));
};
