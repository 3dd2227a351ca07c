const assert = require('assert');
const text = 'Grüße, 世界 😀';
for (const e of ['utf8', 'utf-8', 'UTF8', 'utf16le', 'ucs2', 'UCS-2', 'base64', 'base64url', 'hex', 'latin1', 'binary']) {
    const source = ['base64', 'base64url', 'hex'].includes(e) ? Buffer.from(text).toString(e)
        : e === 'latin1' || e === 'binary' ? 'Gr\u00fc\u00dfe' : text;
    assert.strictEqual(Buffer.from(source, e).toString(e), source, e);
    assert.strictEqual(Buffer.byteLength(source, e), Buffer.from(source, e).length, e);
}
assert.strictEqual(Buffer.from('aGk=', 'base64').toString(), 'hi');
assert.strictEqual(Buffer.from('a G\nk', 'base64').toString(), 'hi');
assert.strictEqual(Buffer.from('-_-_', 'base64').toString('hex'), 'fbffbf');
assert.strictEqual(Buffer.from('-_-_', 'base64').toString('base64'), '+/+/');
assert.strictEqual(Buffer.from([255, 254]).toString('base64url'), '__4');
assert.strictEqual(Buffer.from('0a1G22', 'hex').toString('hex'), '0a');
assert.strictEqual(Buffer.from('abc', 'hex').length, 1);
assert.strictEqual(Buffer.from([0xE1, 0xF2]).toString('ascii'), 'ar');
assert.strictEqual(Buffer.from('\u0141', 'latin1')[0], 0x41);
assert.strictEqual(Buffer.from('\ud800x').toString('hex'), 'efbfbd78');
assert.strictEqual(Buffer.from([0xF0, 0x9F, 0x98, 0x61, 0xC0, 0x80]).toString(), '\ufffda\ufffd\ufffd');
assert.strictEqual(Buffer.from([1, 2, 3]).toString('utf16le'), '\u0201');
assert.throws(() => Buffer.alloc(1).toString('utf9'), { code: 'ERR_UNKNOWN_ENCODING' });
assert.ok(Buffer.isEncoding('Hex') && !Buffer.isEncoding('') && !Buffer.isEncoding(5) && !Buffer.isEncoding('utf/8'));
