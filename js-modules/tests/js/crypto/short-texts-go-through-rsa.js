// What real Node sealed is opened, what is sealed here comes back, and nothing else does.
const assert = require('assert');
const crypto = require('crypto');
const { publicEncrypt, privateDecrypt, privateEncrypt, publicDecrypt, constants } = crypto;
const from = (text) => Buffer.from(text, 'base64');
const key = crypto.createPrivateKey({ format: 'der', type: 'pkcs1', key: from([
    'MIICXQIBAAKBgQDN6jyck4uZHB8NITaTlzBXBzc19FfNI9t89Sw+zIvSwA2UIo36wZcDBgDiNEc8k78x7NJvE5JDhCqC8xxI6wKvEgZUnAWct0P/XFGPaoaNifcMKtiUUkF9ayzRhP6+',
    'TlJOj4lPTqX+3Ewa6heoxpR84Y0BXlKPW7izxmu7BJUXBwIDAQABAoGBAIv2RRCgcWi25pxEERas01y0OODhnrR/RPdgppxg6EFt7UzdV+gzofOaJwuaQTl5q6HBuR9rDCX8NfEgUf92',
    'TjF88TBIhegp5Cq/oPgnAcjhp/AxetK0i2ozLGVxE7O0F1DQTf4UVkb0p214zyqwv7HqnUKQz6M9iC+DoHO4wF+hAkEA8O76VF3VFPUlDw3a5BBMcE0wF5IbxrlZa3TPTXfzdmEgs9LF',
    'auStYBNZVdV71Tirt1SYG+/pp6Q8cl8gDdnDmQJBANrKqM6Ihj9PgRO9bNPTnlomcO8cMiNXI3eAygnd6Q/Oq3PW6g5Ni8O+ufgLH5lcQvCMrSznAkRr7W1zWgF6U58CQQCnErEYq/DF',
    'FbHbHJp7qCm5fm0pCzKjvYgakefnKpTztCq/SBuKIoVvqDs84Et88k1xVgIc7WMz0xnvnbNWp3mRAkBfQzQi0RDaygwigyy6Qn7FM82iXr1547v+kWXmy+dpSYwfYOkCF0OOlCG23WkB',
    'xkkjIa1ZSrATCIcVS89Zq2BzAkB2JqE9pBNaQZOB4ruHSzxXLTHZqOUwEV8u6qOnFS/ZdXiwTCZfslTM0c9okMGUTbeQRLyRFQtiWd0Ox7ife1yy',
].join('')) });
const open = crypto.createPublicKey(key);

const sealed = from([
    'RcLnWiuG8vSCrv3P0Htbw28PP4/Ibgv2ofkw9ggWzMEU8RVXaRp5H0HL3S2H/zbGxL+PJZuDhoqMShT5p0QrEkh2HSl5HynVWThpEoeWqQcqJ40UXFqPmyw6M5eP+4IvppZTVluAja7b',
    '49gImrRjfeZb1C6yj35zEQWOJWPQqEk=',
].join(''));
const oaep = { oaepHash: 'sha256', oaepLabel: Buffer.from('label') };
assert.strictEqual(privateDecrypt({ key, ...oaep }, sealed).toString(), 'from Node');
for (const wrong of [{}, { oaepHash: 'sha256' }, { ...oaep, oaepHash: 'sha1' }]) {
    assert.throws(() => privateDecrypt({ key, ...wrong }, sealed), { code: 'ERR_OSSL_RSA_OAEP_DECODING_ERROR', reason: 'oaep decoding error' });
}
assert.strictEqual(publicDecrypt(open, from([
    'KNuI9cIugoGp8Dd6w0GnZIfsCeLGVaGYtjQ9csDeJUdjW8qNHX+Xq8GQmexBYlnVkdSuYipGIlQ8edqjlPznPYGoexIN/5pyN8AmP1lnsmTsl/r6qbeNcrt5X2/tfxf6zbsHW5YYbIC4',
    'C7D/CW9CwCmpv30PHKMzRDHtGdt1/t4=',
].join(''))).toString(), 'from Node');

assert.strictEqual(privateDecrypt(key, publicEncrypt(open, Buffer.from('text'))).toString(), 'text');
assert.notDeepStrictEqual(publicEncrypt(open, Buffer.from('text')), publicEncrypt(open, Buffer.from('text')));
assert.strictEqual(publicDecrypt(key, privateEncrypt(key, 'text')).toString(), 'text');
assert.throws(() => privateEncrypt(open, 'text'), { code: 'ERR_CRYPTO_INVALID_KEY_OBJECT_TYPE' });
const block = Buffer.alloc(128, 7), none = { padding: constants.RSA_NO_PADDING };
assert.deepStrictEqual(privateDecrypt({ key, ...none }, publicEncrypt({ key: open, ...none }, block)), block);

// PKCS#1 v1.5 is made for others, and never opened with the secret.
const old = { padding: constants.RSA_PKCS1_PADDING };
const forOthers = publicEncrypt({ key: open, ...old }, Buffer.from('text'));
assert.throws(() => privateDecrypt({ key, ...old }, forOthers), { code: 'ERR_INVALID_ARG_VALUE' });
assert.ok(privateDecrypt({ key, ...none }, forOthers).toString('latin1').endsWith('\0text'));

assert.throws(() => publicEncrypt(open, Buffer.alloc(87)), { code: 'ERR_OSSL_RSA_DATA_TOO_LARGE_FOR_KEY_SIZE', library: 'rsa routines' });
assert.throws(() => publicDecrypt(open, Buffer.alloc(128)), { code: 'ERR_OSSL_RSA_BLOCK_TYPE_IS_NOT_01' });
assert.throws(() => publicEncrypt({ key: open, oaepHash: 'no' }, ''), { code: 'ERR_OSSL_EVP_INVALID_DIGEST' });
