// Each side signs, the other verifies; without a Node beside us each verifies its own.
const assert = require('assert');
const crypto = require('crypto');
const { spawnSync } = require('child_process');
const text = Buffer.from('to be signed');
const there = spawnSync('node', ['--version']).error === undefined;
const node = (body, input) => {
    const result = spawnSync('node', ['-e', `const crypto=require('crypto');const i=JSON.parse(require('fs').readFileSync(0));${body}`], { input: JSON.stringify(input) });
    assert.strictEqual(result.status, 0, String(result.stderr));
    return JSON.parse(result.stdout);
};
for (const [type, options, hash] of [
    ['rsa', { modulusLength: 2048 }, 'sha256'], ['ec', { namedCurve: 'P-256' }, 'sha256'], ['ec', { namedCurve: 'P-384' }, 'sha512'], ['ed25519', {}, null],
]) {
    const { publicKey, privateKey } = crypto.generateKeyPairSync(type, options);
    const signature = crypto.sign(hash, text, privateKey);
    assert(crypto.verify(hash, text, publicKey, signature));
    assert(!crypto.verify(hash, Buffer.from('another'), publicKey, signature));
    const sealed = privateKey.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'secret' });
    assert(crypto.createPrivateKey({ key: sealed, passphrase: 'secret' }).equals(privateKey));
    assert(crypto.createPrivateKey({ key: privateKey.export({ format: 'jwk' }), format: 'jwk' }).equals(privateKey));
    if (!there) continue;
    const answer = node(`
        const t=Buffer.from(i.text), k=crypto.createPrivateKey({key:i.sealed,passphrase:'secret'});
        console.log(JSON.stringify({ok:crypto.verify(i.hash,t,i.open,Buffer.from(i.signature,'hex')),
            theirs:crypto.sign(i.hash,t,k).toString('hex'), pem:k.export({type:'pkcs8',format:'pem'})}))`,
    { text: String(text), sealed, hash, open: publicKey.export({ type: 'spki', format: 'pem' }), signature: signature.toString('hex') });
    assert.strictEqual(answer.ok, true, type);
    assert(crypto.verify(hash, text, publicKey, Buffer.from(answer.theirs, 'hex')), type);
    assert.strictEqual(answer.pem, privateKey.export({ type: 'pkcs8', format: 'pem' }));
}
const { privateKey: rsa } = crypto.generateKeyPairSync('rsa', { modulusLength: 1024 });
const pss = { key: rsa, padding: crypto.constants.RSA_PKCS1_PSS_PADDING, saltLength: 20 };
const signed = crypto.createSign('sha1').update(text).sign(pss);
assert(crypto.createVerify('sha1').update(text).verify({ ...pss, saltLength: crypto.constants.RSA_PSS_SALTLEN_AUTO }, signed));
assert(!crypto.createVerify('sha1').update(text).verify({ ...pss, saltLength: 19 }, signed));
