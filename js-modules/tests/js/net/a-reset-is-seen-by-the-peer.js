const assert = require('assert');
const net = require('net');
let code;
const server = net.createServer((socket) => {
    socket.on('error', (error) => { code = error.code; });
    socket.on('close', () => server.close());
    socket.write('x');
});
server.listen(0, '127.0.0.1', () => {
    const client = net.connect(server.address().port, '127.0.0.1');
    client.once('data', () => client.resetAndDestroy());
});
process.on('exit', () => assert.strictEqual(code, 'ECONNRESET'));
