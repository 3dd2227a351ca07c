// SP 800-38A F.2.1 (CBC), the GCM paper's case 4, RFC 8439 2.8.2.
const assert = require('assert');
const crypto = require('crypto');
const hex = (text) => Buffer.from(text.replace(/\s/g, ''), 'hex');

const cbc = crypto.createCipheriv('aes-128-cbc', hex('2b7e151628aed2a6abf7158809cf4f3c'), hex('000102030405060708090a0b0c0d0e0f')).setAutoPadding(false);
assert.strictEqual(cbc.update('6bc1bee22e409f96e93d7e117393172a', 'hex', 'hex') + cbc.final('hex'), '7649abac8119b246cee98e9b12e9197d');

const key = hex('feffe9928665731c6d6a8f9467308308'), iv = hex('cafebabefacedbaddecaf888');
const text = hex('d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39');
const aad = hex('feedfacedeadbeeffeedfacedeadbeefabaddad2');
const gcm = crypto.createCipheriv('aes-128-gcm', key, iv);
gcm.setAAD(aad.subarray(0, 7)).setAAD(aad.subarray(7));
const sealed = Buffer.concat([gcm.update(text.subarray(0, 5)), gcm.update(text.subarray(5)), gcm.final()]);
assert.strictEqual(gcm.getAuthTag().toString('hex'), '5bc94fbc3221a5db94fae95ae7121a47');

const open = (tag) => {
    const decipher = crypto.createDecipheriv('aes-128-gcm', key, iv).setAAD(aad).setAuthTag(tag);
    return Buffer.concat([decipher.update(sealed), decipher.final()]);
};
assert.deepStrictEqual(open(gcm.getAuthTag()), text);
assert.throws(() => open(Buffer.alloc(16)), /unable to authenticate/);

const chacha = crypto.createCipheriv('chacha20-poly1305', hex('808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f'), hex('070000004041424344454647'), { authTagLength: 16 });
chacha.setAAD(hex('50515253c0c1c2c3c4c5c6c7'));
chacha.update("Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen would be it.");
chacha.final();
assert.strictEqual(chacha.getAuthTag().toString('hex'), '1ae10b594f09e26a7e902ecbd0600691');
assert.throws(() => crypto.createCipheriv('aes-128-cbc', key, 'short'), { code: 'ERR_CRYPTO_INVALID_IV' });
