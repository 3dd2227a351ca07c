const assert = require('assert');
const net = require('net');
const server = net.createServer((socket) => { socket.on('error', () => {}); });
server.maxConnections = 1;
let dropped;
server.on('drop', (data) => {
    dropped = data;
    server.getConnections((error, count) => {
        assert.strictEqual(count, 1);
        one.destroy();
        two.destroy();
        server.close();
    });
});
let one, two;
server.listen(0, '127.0.0.1', () => {
    const { port } = server.address();
    one = net.connect(port, '127.0.0.1', () => { two = net.connect(port, '127.0.0.1').on('error', () => {}); });
});
process.on('exit', () => {
    assert.strictEqual(dropped.localAddress, '127.0.0.1');
    assert.strictEqual(dropped.remoteFamily, 'IPv4');
});
