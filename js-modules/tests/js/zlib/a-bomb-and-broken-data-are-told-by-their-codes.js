const assert = require('assert');
const zlib = require('zlib');
const bomb = zlib.gzipSync(Buffer.alloc(32 << 20));
assert.throws(() => zlib.gunzipSync(bomb, { maxOutputLength: 1000 }), { code: 'ERR_BUFFER_TOO_LARGE', name: 'RangeError' });
assert.throws(() => zlib.gunzipSync('plain text'), { code: 'Z_DATA_ERROR', errno: -3, message: 'incorrect header check' });
assert.throws(() => zlib.gunzipSync(zlib.gzipSync('text').subarray(0, 15)), { code: 'Z_BUF_ERROR', message: 'unexpected end of file' });
assert.throws(() => zlib.createDeflate({ level: 10 }), { code: 'ERR_OUT_OF_RANGE' });
assert.throws(() => zlib.createBrotliCompress(), { code: 'ERR_FEATURE_UNAVAILABLE_ON_PLATFORM' });
let told = 0;
zlib.gunzip(bomb, { maxOutputLength: 1000 }, (error) => {
    assert.strictEqual(error.code, 'ERR_BUFFER_TOO_LARGE');
    told++;
});
zlib.createInflate().on('error', (error) => { assert.strictEqual(error.code, 'Z_DATA_ERROR'); told++; }).end(Buffer.from('no zlib'));
process.on('exit', () => assert.strictEqual(told, 2));
