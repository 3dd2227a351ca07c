const assert = require('assert');
const net = require('net');
const first = net.createServer().listen(0, '127.0.0.1', () => {
    const { port } = first.address();
    assert.throws(() => first.listen(0), { code: 'ERR_SERVER_ALREADY_LISTEN' });
    net.createServer().listen(port, '127.0.0.1').on('error', (error) => {
        assert.strictEqual(error.message, `listen EADDRINUSE: address already in use 127.0.0.1:${port}`);
        assert.deepStrictEqual({ ...error }, { errno: -98, code: 'EADDRINUSE', syscall: 'listen', address: '127.0.0.1', port });
        first.close(() => refused(port));
    });
});
let failed = 0;
function refused(port) {
    net.connect(port, '127.0.0.1').on('error', (error) => {
        assert.strictEqual(error.message, `connect ECONNREFUSED 127.0.0.1:${port}`);
        assert.deepStrictEqual({ ...error }, { errno: -111, code: 'ECONNREFUSED', syscall: 'connect', address: '127.0.0.1', port });
        failed++;
    }).on('close', (had) => assert.strictEqual(had, true));
    net.connect('/nowhere/at-all').on('error', (error) => {
        assert.strictEqual(error.message, 'connect ENOENT /nowhere/at-all');
        failed++;
    });
}
for (const port of [-1, 65536, 'x', NaN]) assert.throws(() => net.connect({ port }), { code: 'ERR_SOCKET_BAD_PORT', name: 'RangeError' });
assert.throws(() => net.connect({}), { code: 'ERR_MISSING_ARGS' });
assert.throws(() => new net.Socket({ fd: 3 }), { code: 'ERR_NOT_SUPPORTED' });
process.on('exit', () => assert.strictEqual(failed, 2));
