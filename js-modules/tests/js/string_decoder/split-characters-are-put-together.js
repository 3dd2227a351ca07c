const assert = require('assert');
const { StringDecoder } = require('string_decoder');
for (const encoding of ['utf8', 'utf16le', 'base64', 'base64url', 'hex', 'latin1']) {
    const text = 'a€😀éz\u0000ß';
    const bytes = ['hex', 'base64', 'base64url'].includes(encoding) ? Buffer.from(text) : Buffer.from(text, encoding);
    for (let size = 1; size < 6; size++) {
        const d = new StringDecoder(encoding);
        let out = '';
        for (let at = 0; at < bytes.length; at += size) out += d.write(bytes.subarray(at, at + size));
        assert.strictEqual(out + d.end(), bytes.toString(encoding), `${encoding} ${size}`);
    }
}
