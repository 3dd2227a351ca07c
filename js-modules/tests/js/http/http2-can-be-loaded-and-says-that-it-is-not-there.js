const assert = require('assert');
const http2 = require('node:http2');

for (const name of ['connect', 'createServer', 'createSecureServer']) {
    assert.throws(() => http2[name]('http://127.0.0.1'), { code: 'ERR_FEATURE_UNAVAILABLE_ON_PLATFORM' });
}
const { HTTP2_HEADER_STATUS, HTTP2_HEADER_CONTENT_TYPE, HTTP_STATUS_NOT_FOUND, NGHTTP2_CANCEL, HTTP2_METHOD_GET } = http2.constants;
assert.deepStrictEqual([HTTP2_HEADER_STATUS, HTTP2_HEADER_CONTENT_TYPE, HTTP_STATUS_NOT_FOUND, NGHTTP2_CANCEL, HTTP2_METHOD_GET],
    [':status', 'content-type', 404, 8, 'GET']);
const heap = require('v8').getHeapStatistics();
assert.ok(heap.total_physical_size > 0 && heap.used_heap_size >= 0);
