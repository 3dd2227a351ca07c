const assert = require('assert');
const zlib = require('zlib');
const text = Buffer.from('one sentence, and one sentence more. '.repeat(5000));
let open = 0;
for (const [pack, unpack] of [['gzip', 'gunzip'], ['deflate', 'inflate'], ['deflateRaw', 'inflateRaw'], ['gzip', 'unzip'], ['deflate', 'unzip']]) {
    const packed = zlib[pack + 'Sync'](text, { level: 9 });
    assert(packed.length < text.length / 50);
    assert(zlib[unpack + 'Sync'](packed).equals(text));
    open++;
    zlib[pack](text, (error, one) => zlib[unpack](one, (wrong, all) => {
        assert.ifError(error || wrong);
        assert(all.equals(text));
        open--;
    }));
}
const two = Buffer.concat([zlib.gzipSync('one '), zlib.gzipSync('two'), Buffer.alloc(9)]);
assert.strictEqual(zlib.gunzipSync(two).toString(), 'one two');
const dictionary = Buffer.from('sentence');
assert(zlib.inflateSync(zlib.deflateSync(text, { dictionary }), { dictionary }).equals(text));
let seen = 0;
const stream = zlib.createGzip();
stream.pipe(zlib.createGunzip()).on('data', (chunk) => { seen += chunk.length; }).on('end', () => assert.strictEqual(seen, 2 * text.length));
stream.write(text);
stream.flush(() => stream.end(text));
process.on('exit', () => { assert.strictEqual(open, 0); assert.strictEqual(seen, 2 * text.length); });
