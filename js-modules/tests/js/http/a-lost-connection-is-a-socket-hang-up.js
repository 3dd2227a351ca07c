const assert = require('assert');
const http = require('http');
const net = require('net');

const server = net.createServer((socket) => { socket.once('data', () => socket.end()); socket.on('error', () => {}); });
server.listen(0, '127.0.0.1', () => {
    const seen = [];
    const request = http.get({ port: server.address().port, host: '127.0.0.1', agent: false });
    request.on('error', (error) => {
        assert.strictEqual(error.code, 'ECONNRESET');
        assert.strictEqual(error.message, 'socket hang up');
        seen.push('error');
    });
    request.on('close', () => {
        assert.deepStrictEqual(seen, ['error']);
        server.close();
    });
});
