const assert = require('assert');
const before = process.memoryUsage.rss();
for (let i = 0; i < 3000; i++) {
    Buffer.alloc(100000, 1);
    new Uint8Array(100000).fill(1, 0, 10);
}
// 600 MB went through.
assert.ok(process.memoryUsage.rss() - before < 200e6, `grew by ${process.memoryUsage.rss() - before}`);
