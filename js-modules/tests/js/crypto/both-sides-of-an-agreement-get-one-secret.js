// Whoever computes it, the shared secret is the same; points off the curve are refused.
const assert = require('assert');
const crypto = require('crypto');
const key = (hex) => crypto.createPrivateKey({ key: Buffer.from('302e020100300506032b656e04220420' + hex, 'hex'), format: 'der', type: 'pkcs8' });
const alice = key('07'.repeat(32));
const bob = crypto.generateKeyPairSync('x25519');
assert.deepStrictEqual(
    crypto.diffieHellman({ privateKey: alice, publicKey: bob.publicKey }),
    crypto.diffieHellman({ privateKey: bob.privateKey, publicKey: crypto.createPublicKey(alice) }));
for (const curve of ['prime256v1', 'secp384r1']) {
    const a = crypto.createECDH(curve), b = crypto.createECDH(curve);
    a.generateKeys();
    const shared = a.computeSecret(b.generateKeys('hex', 'compressed'), 'hex', 'hex');
    assert.strictEqual(b.computeSecret(a.getPublicKey(), null, 'hex'), shared);
    const again = crypto.createECDH(curve).setPrivateKey(a.getPrivateKey());
    assert.deepStrictEqual(again.getPublicKey(), a.getPublicKey());
    assert.throws(() => a.computeSecret(Buffer.alloc(65, 4)), { code: 'ERR_CRYPTO_ECDH_INVALID_PUBLIC_KEY' });
}
