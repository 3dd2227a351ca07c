// Vectors: FIPS 180-4, RFC 4231 case 2, RFC 7914 12, RFC 5869 A.1.
const assert = require('assert');
const crypto = require('crypto');

assert.strictEqual(crypto.createHash('sha256').update('a').update('bc').digest('hex'),
    'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
const half = crypto.createHash('sha1').update('a');
assert.strictEqual(half.copy().update('bc').digest('hex'), 'a9993e364706816aba3e25717850c26c9cd0d89d');
assert.strictEqual(half.update('bc').digest('hex'), 'a9993e364706816aba3e25717850c26c9cd0d89d');
assert.throws(() => half.digest(), { code: 'ERR_CRYPTO_HASH_FINALIZED' });
assert.strictEqual(crypto.createHmac('sha256', 'Jefe').update('what do ya want for nothing?').digest('hex'),
    '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843');
const scrypt = crypto.scryptSync('password', 'NaCl', 32, { N: 1024, r: 8, p: 16 });
assert.strictEqual(scrypt.toString('hex'), 'fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b373162');
const okm = crypto.hkdfSync('sha256', Buffer.alloc(22, 0x0b), Buffer.from('000102030405060708090a0b0c', 'hex'), Buffer.from('f0f1f2f3f4f5f6f7f8f9', 'hex'), 16);
assert.strictEqual(Buffer.from(okm).toString('hex'), '3cb25f25faacd57a90434f64d0362f2a');
let answered = 0;
crypto.pbkdf2('password', 'salt', 2, 20, 'sha1', (error, key) => {
    assert.strictEqual(key.toString('hex'), 'ea6c014dc72d6f8ccd1ed92ace1d41f0d8de8957');
    answered++;
});
process.on('exit', () => assert.strictEqual(answered, 1));
