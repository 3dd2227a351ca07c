'use strict';

const hash = require('internal/crypto/hash');
const random = require('internal/crypto/random');
const { make } = require('internal/errors');

const constants = Object.freeze(Object.assign(Object.create(null), {
    RSA_PKCS1_PADDING: 1, RSA_NO_PADDING: 3, RSA_PKCS1_OAEP_PADDING: 4, RSA_X931_PADDING: 5, RSA_PKCS1_PSS_PADDING: 6,
    RSA_PSS_SALTLEN_DIGEST: -1, RSA_PSS_SALTLEN_MAX_SIGN: -2, RSA_PSS_SALTLEN_AUTO: -2,
    DH_CHECK_P_NOT_SAFE_PRIME: 2, DH_CHECK_P_NOT_PRIME: 1, DH_UNABLE_TO_CHECK_GENERATOR: 4, DH_NOT_SUITABLE_GENERATOR: 8,
    POINT_CONVERSION_COMPRESSED: 2, POINT_CONVERSION_UNCOMPRESSED: 4, POINT_CONVERSION_HYBRID: 6,
    TLS1_VERSION: 0x301, TLS1_1_VERSION: 0x302, TLS1_2_VERSION: 0x303, TLS1_3_VERSION: 0x304,
    SSL_OP_ALL: 0x80000850, SSL_OP_NO_SSLv2: 0, SSL_OP_NO_SSLv3: 0x2000000, SSL_OP_NO_TLSv1: 0x4000000, SSL_OP_NO_TLSv1_1: 0x10000000,
    SSL_OP_NO_TLSv1_2: 0x8000000, SSL_OP_NO_TLSv1_3: 0x20000000, SSL_OP_CIPHER_SERVER_PREFERENCE: 0x400000,
    defaultCipherList: 'TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-AES256-GCM-SHA384',
}));

// The parts are compiled when first touched: most scripts want a hash and some random bytes.
function lazy(module, names) {
    for (const name of names) {
        let value;
        Object.defineProperty(exports, name, {
            enumerable: true, configurable: true,
            get() { if (value === undefined) value = require(module)[name]; return value; },
            set(other) { value = other; },
        });
    }
}

Object.assign(exports, {
    Hash: hash.Hash, Hmac: hash.Hmac, createHash: hash.createHash, createHmac: hash.createHmac, hash: hash.hash, getHashes: hash.getHashes,
});
Object.assign(exports, random);
for (const name of ['pseudoRandomBytes', 'prng', 'rng']) Object.defineProperty(exports, name, Object.getOwnPropertyDescriptor(random, name));
lazy('internal/crypto/derive', ['pbkdf2', 'pbkdf2Sync', 'scrypt', 'scryptSync', 'hkdf', 'hkdfSync']);
lazy('internal/crypto/cipher', ['Cipheriv', 'Decipheriv', 'createCipheriv', 'createDecipheriv', 'getCiphers', 'getCipherInfo']);
lazy('internal/crypto/keys', ['KeyObject', 'createPublicKey', 'createPrivateKey', 'createSecretKey']);
lazy('internal/crypto/sign', ['Sign', 'Verify', 'createSign', 'createVerify', 'sign', 'verify']);
lazy('internal/crypto/text', ['publicEncrypt', 'publicDecrypt', 'privateEncrypt', 'privateDecrypt']);
lazy('internal/crypto/generate', ['generateKeyPair', 'generateKeyPairSync', 'generateKey', 'generateKeySync']);
lazy('internal/crypto/ecdh', ['ECDH', 'createECDH', 'getCurves', 'diffieHellman']);
lazy('internal/crypto/dh', [
    'DiffieHellman', 'DiffieHellmanGroup', 'createDiffieHellman', 'createDiffieHellmanGroup', 'getDiffieHellman',
    'generatePrime', 'generatePrimeSync', 'checkPrime', 'checkPrimeSync',
]);
lazy('internal/crypto/certificate', ['X509Certificate']);
lazy('internal/crypto/web', ['webcrypto']);
Object.defineProperty(exports, 'subtle', { enumerable: true, configurable: true, get() { return exports.webcrypto.subtle; } });
exports.getRandomValues = function getRandomValues(array) { return exports.webcrypto.getRandomValues(array); };
// There is no separate heap for secrets here, as in Node without `--secure-heap`.
exports.secureHeapUsed = function secureHeapUsed() { return { total: 0, used: 0, utilization: 0, min: 0 }; };
exports.getFips = function getFips() { return 0; };
exports.setFips = function setFips(on) {
    if (on) throw make(Error, 'ERR_CRYPTO_FIPS_UNAVAILABLE', 'Cannot set FIPS mode in a non-FIPS build.');
};
Object.defineProperty(exports, 'fips', { enumerable: true, configurable: true, get: exports.getFips, set: exports.setFips });
Object.defineProperty(exports, 'constants', { enumerable: true, configurable: false, writable: false, value: constants });
