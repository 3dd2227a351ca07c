'use strict';

// Diffie-Hellman over the integers, and prime numbers.

const { make, invalidArgType, outOfRange, validateFunction, validateInteger, validateString } = require('internal/errors');
const core = require('internal/crypto');
const { Buffer } = require('buffer');
const { bytes, encode, isBuffer } = require('internal/crypto/hash');

const STATE = Symbol('state');
// What DH_check says of parameters, as in OpenSSL.
const NOT_PRIME = 1, NOT_SAFE = 2, BAD_GENERATOR = 8;
// Secrets of the known groups need not be longer than this.
const SECRET_BITS = 512;

const isBytes = (value) => ArrayBuffer.isView(value) || isBuffer(value);
const view = (value) => (ArrayBuffer.isView(value) ? Buffer.from(value.buffer, value.byteOffset, value.byteLength) : Buffer.from(value));

function badGenerator() {
    return make(Error, 'ERR_OSSL_DH_BAD_GENERATOR', 'error:02800065:Diffie-Hellman routines::bad generator');
}

function fromNumber(value) {
    const out = Buffer.alloc(4);
    out.writeUInt32BE(value);
    return out;
}

function generatorBytes(generator, encoding) {
    if (generator === undefined || generator === null || generator === 0) return fromNumber(2);
    if (typeof generator === 'number') {
        validateInteger(generator, 'generator', -(2 ** 31), 2 ** 31 - 1);
        if (generator < 2) throw badGenerator();
        return fromNumber(generator);
    }
    if (typeof generator !== 'string' && !isBytes(generator)) {
        throw invalidArgType('generator', ['number', 'string', 'ArrayBuffer', 'Buffer', 'TypedArray', 'DataView'], generator);
    }
    const out = typeof generator === 'string' ? bytes(generator, 'generator', encoding) : view(generator);
    if (core.compare(out, fromNumber(1), 0) <= 0) throw badGenerator();
    return out;
}

function state(prime, generator, known) {
    return { prime, generator, known, secret: null, point: null, error: undefined };
}

// The shortest form of a number.
function trimmed(buffer) {
    let at = 0;
    while (at < buffer.length - 1 && buffer[at] === 0) at++;
    return buffer.subarray(at);
}

function DiffieHellman(sizeOrKey, keyEncoding, generator, generatorEncoding) {
    if (!(this instanceof DiffieHellman)) return new DiffieHellman(sizeOrKey, keyEncoding, generator, generatorEncoding);
    if (typeof sizeOrKey !== 'number' && typeof sizeOrKey !== 'string' && !isBytes(sizeOrKey)) {
        throw invalidArgType('sizeOrKey', ['number', 'string', 'ArrayBuffer', 'Buffer', 'TypedArray', 'DataView'], sizeOrKey);
    }
    if (typeof sizeOrKey === 'number') validateInteger(sizeOrKey, 'sizeOrKey', -(2 ** 31), 2 ** 31 - 1);
    // The encoding of the prime may be left out.
    if (keyEncoding && keyEncoding !== 'buffer' && !Buffer.isEncoding(keyEncoding)) {
        [generatorEncoding, generator, keyEncoding] = [generator, keyEncoding, undefined];
    }
    const chosen = generatorBytes(generator, generatorEncoding);
    let prime;
    if (typeof sizeOrKey === 'number') {
        if (sizeOrKey < 3) {
            throw make(Error, 'ERR_OSSL_DH_MODULUS_TOO_SMALL', 'error:0280007E:Diffie-Hellman routines::modulus too small');
        }
        prime = core.findPrime(sizeOrKey, true);
    } else prime = typeof sizeOrKey === 'string' ? bytes(sizeOrKey, 'sizeOrKey', keyEncoding) : view(sizeOrKey);
    Object.defineProperty(this, STATE, { value: state(Buffer.from(prime), chosen, false) });
}

function DiffieHellmanGroup(name) {
    if (!(this instanceof DiffieHellmanGroup)) return new DiffieHellmanGroup(name);
    validateString(name, 'name');
    const prime = core.groupPrime(name.toLowerCase());
    if (prime === undefined) throw make(Error, 'ERR_CRYPTO_UNKNOWN_DH_GROUP', 'Unknown DH group');
    Object.defineProperty(this, STATE, { value: state(prime, Buffer.from([2]), true) });
}

function randomSecret(own) {
    const bits = core.compare(own.prime, fromNumber(4), 0) <= 0 ? 1 : trimmed(own.prime).length * 8 - Math.clz32(trimmed(own.prime)[0]) + 24 - 1;
    const length = own.known ? Math.min(bits, SECRET_BITS) : bits;
    const secret = Buffer.alloc(Math.ceil(length / 8));
    do {
        core.randomFill(secret);
        secret[0] &= 0xFF >> (secret.length * 8 - length);
    } while (core.compare(secret, fromNumber(1), 0) <= 0 && length > 1);
    return secret;
}

function dhGenerateKeys(encoding) {
    const own = this[STATE];
    own.secret ??= randomSecret(own);
    own.point = trimmed(core.power(own.generator, own.secret, own.prime));
    return encode(Buffer.from(own.point), encoding);
}

function dhComputeSecret(other, inputEncoding, outputEncoding) {
    const own = this[STATE];
    const point = bytes(other, 'otherPublicKey', inputEncoding);
    const refuse = (what) => make(RangeError, 'ERR_CRYPTO_INVALID_KEYLEN', `Supplied key is too ${what}`);
    if (core.compare(point, fromNumber(1), 0) <= 0) throw refuse('small');
    if (core.compare(point, own.prime, 1) >= 0) throw refuse('large');
    if (own.secret === null) throw make(Error, 'ERR_CRYPTO_INVALID_KEYPAIR', 'Invalid key pair');
    return encode(core.power(point, own.secret, own.prime), outputEncoding);
}

function read(what, field) {
    return function get(encoding) {
        const value = this[STATE][field];
        if (value === null) throw make(Error, 'ERR_CRYPTO_INVALID_STATE', `No ${what} - did you forget to generate one?`);
        return encode(Buffer.from(value), encoding);
    };
}

function set(field) {
    return function setKey(key, encoding) {
        this[STATE][field] = Buffer.from(bytes(key, 'key', encoding));
        return this;
    };
}

function verifyError() {
    const own = this[STATE];
    if (own.error === undefined) {
        const [prime, safe, fits] = core.checkDh(own.prime, own.generator);
        own.error = (prime ? (safe ? 0 : NOT_SAFE) : NOT_PRIME) | (fits ? 0 : BAD_GENERATOR);
    }
    return own.error;
}

for (const { prototype } of [DiffieHellman, DiffieHellmanGroup]) {
    prototype.generateKeys = dhGenerateKeys;
    prototype.computeSecret = dhComputeSecret;
    prototype.getPrime = read('prime', 'prime');
    prototype.getGenerator = read('generator', 'generator');
    prototype.getPublicKey = read('public key', 'point');
    prototype.getPrivateKey = read('private key', 'secret');
    Object.defineProperty(prototype, 'verifyError', { configurable: true, enumerable: true, get: verifyError });
}
DiffieHellman.prototype.setPublicKey = set('point');
DiffieHellman.prototype.setPrivateKey = set('secret');

exports.DiffieHellman = DiffieHellman;
exports.DiffieHellmanGroup = DiffieHellmanGroup;
exports.createDiffieHellman = function createDiffieHellman(sizeOrKey, keyEncoding, generator, generatorEncoding) {
    return new DiffieHellman(sizeOrKey, keyEncoding, generator, generatorEncoding);
};
exports.createDiffieHellmanGroup = function createDiffieHellmanGroup(name) { return new DiffieHellmanGroup(name); };
exports.getDiffieHellman = exports.createDiffieHellmanGroup;

function bigToBytes(value, name) {
    if (value < 0n) throw outOfRange(name, '>= 0', value);
    const hex = value.toString(16);
    return Buffer.from(hex.length % 2 ? `0${hex}` : hex, 'hex');
}

function numberBytes(value, name) {
    if (typeof value === 'bigint') return bigToBytes(value, name);
    if (isBytes(value)) return view(value);
    throw invalidArgType(name, ['ArrayBuffer', 'TypedArray', 'Buffer', 'DataView', 'bigint'], value);
}

function primeOptions(size, options) {
    validateInteger(size, 'size', 1, 2 ** 31 - 1);
    if (options === null || typeof options !== 'object') throw invalidArgType('options', 'Object', options);
    const { safe = false, bigint = false, add, rem } = options;
    if (typeof safe !== 'boolean') throw invalidArgType('options.safe', 'boolean', safe);
    if (typeof bigint !== 'boolean') throw invalidArgType('options.bigint', 'boolean', bigint);
    const given = (value, name) => (value === undefined ? undefined : numberBytes(value, name));
    return { bigint, args: [size, safe, given(add, 'options.add'), given(rem, 'options.rem')] };
}

function shown(prime, bigint) {
    if (bigint) return BigInt(`0x${prime.toString('hex')}`);
    return prime.buffer.slice(prime.byteOffset, prime.byteOffset + prime.byteLength);
}

exports.generatePrimeSync = function generatePrimeSync(size, options = {}) {
    const { bigint, args } = primeOptions(size, options);
    return shown(core.findPrime(...args), bigint);
};

exports.generatePrime = function generatePrime(size, options, callback) {
    if (typeof options === 'function') [options, callback] = [{}, options];
    const { bigint, args } = primeOptions(size, options ?? {});
    validateFunction(callback, 'callback');
    core.findPrime(...args, (error, prime) => (error ? callback(error) : callback(undefined, shown(prime, bigint))));
};

function candidate(value, options) {
    const number = numberBytes(value, 'candidate');
    if (options === null || typeof options !== 'object') throw invalidArgType('options', 'Object', options);
    const { checks = 0 } = options;
    validateInteger(checks, 'options.checks', 0, 2 ** 31 - 1);
    return [number, checks];
}

exports.checkPrimeSync = function checkPrimeSync(value, options = {}) { return core.isPrime(...candidate(value, options)); };

exports.checkPrime = function checkPrime(value, options, callback) {
    if (typeof options === 'function') [options, callback] = [{}, options];
    const [number, checks] = candidate(value, options ?? {});
    validateFunction(callback, 'callback');
    core.isPrime(number, checks, (error, result) => (error ? callback(error) : callback(undefined, result)));
};
