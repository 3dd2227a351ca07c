const assert = require('assert');
const http = require('http');
const net = require('net');

const server = http.createServer({ headersTimeout: 100, requestTimeout: 5000 }, () => assert.fail('no request was complete'));
server.listen(0, '127.0.0.1', () => {
    const socket = net.connect(server.address().port, '127.0.0.1');
    let text = '';
    socket.write('GET / HTTP/1.1\r\nHost: x\r\n');
    // A field now and then keeps nobody here.
    const drip = setInterval(() => { if (socket.writable) socket.write('A: b\r\n'); }, 20);
    socket.on('data', (d) => { text += d; });
    socket.on('error', () => {});
    socket.on('close', () => {
        clearInterval(drip);
        assert.match(text, /^HTTP\/1\.1 408 /);
        server.close();
    });
});
