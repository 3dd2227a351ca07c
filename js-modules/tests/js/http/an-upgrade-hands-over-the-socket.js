const assert = require('assert');
const http = require('http');

const server = http.createServer();
server.on('upgrade', (request, socket, head) => {
    assert.strictEqual(request.headers.upgrade, 'chat');
    assert.strictEqual(head.length, 0);
    socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: chat\r\n\r\nfirst ');
    socket.on('data', (d) => { socket.write(d); socket.end(); });
});
server.listen(0, '127.0.0.1', () => {
    const request = http.request({ port: server.address().port, host: '127.0.0.1', headers: { Connection: 'Upgrade', Upgrade: 'chat' } });
    request.on('upgrade', (response, socket, head) => {
        assert.strictEqual(response.statusCode, 101);
        let text = String(head);
        socket.on('data', (d) => { text += d; });
        socket.on('close', () => {
            assert.strictEqual(text, 'first echo');
            server.close();
        });
        socket.write('echo');
    });
    request.end();
});
