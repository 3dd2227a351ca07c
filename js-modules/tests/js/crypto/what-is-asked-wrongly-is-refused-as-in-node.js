// Codes and texts of errors, and defaults, as real Node has them.
const assert = require('assert');
const crypto = require('crypto');

// A key that is encrypted wants a passphrase; an empty one is one.
const { privateKey } = crypto.generateKeyPairSync('ec', { namedCurve: 'P-256' });
for (const type of ['sec1', 'pkcs8']) {
    const key = privateKey.export({ type, format: 'pem', cipher: 'aes-128-cbc', passphrase: '' });
    assert.throws(() => crypto.createPrivateKey(key), { code: 'ERR_OSSL_CRYPTO_INTERRUPTED_OR_CANCELLED', library: 'common libcrypto routines' });
    assert.ok(crypto.createPrivateKey({ key, passphrase: '' }).equals(privateKey));
}
const sealed = privateKey.export({ type: 'pkcs8', format: 'der', cipher: 'aes-128-cbc', passphrase: 'x' });
assert.throws(() => crypto.createPrivateKey({ key: sealed, format: 'der', type: 'pkcs8' }), { code: 'ERR_MISSING_PASSPHRASE' });
assert.throws(() => crypto.createPrivateKey({ key: sealed, format: 'der', type: 'spki' }), { code: 'ERR_INVALID_ARG_VALUE' });

const cipher = () => crypto.createCipheriv('aes-128-cbc', Buffer.alloc(16), Buffer.alloc(16));
assert.throws(() => cipher().update('x', 'utf8', 'no'), { code: 'ERR_UNKNOWN_ENCODING', message: 'Unknown encoding: no' });
const unpadded = cipher().setAutoPadding(false);
unpadded.update('x');
assert.throws(() => unpadded.final(), { code: 'ERR_OSSL_WRONG_FINAL_BLOCK_LENGTH', reason: 'wrong final block length' });

// The length of a copy is its own.
const shake = crypto.createHash('shake128', { outputLength: 5 });
assert.strictEqual(shake.copy({ outputLength: 0 }).digest('hex'), '');
assert.strictEqual(shake.copy().digest('hex'), '7f9c2ba4e88f827d616045507605853e');
assert.strictEqual(shake.digest('hex'), '7f9c2ba4e8');

// Shared memory counts as any other.
const salt = new SharedArrayBuffer(4), filled = new SharedArrayBuffer(64);
assert.deepStrictEqual(crypto.pbkdf2Sync('p', salt, 1, 8, 'sha256'), crypto.pbkdf2Sync('p', Buffer.alloc(4), 1, 8, 'sha256'));
assert.strictEqual(crypto.randomFillSync(filled), filled);
assert.ok(new Uint8Array(filled).some((byte) => byte !== 0));

assert.throws(() => crypto.generateKeySync('aes', []), { code: 'ERR_INVALID_ARG_TYPE' });
assert.throws(() => crypto.diffieHellman([]), { code: 'ERR_INVALID_ARG_TYPE' });
assert.deepStrictEqual(crypto.secureHeapUsed(), { total: 0, used: 0, utilization: 0, min: 0 });
assert.ok(!Object.keys(crypto).includes('prng') && crypto.prng(3).length === 3);
