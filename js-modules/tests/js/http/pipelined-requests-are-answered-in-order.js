const assert = require('assert');
const http = require('http');
const net = require('net');

const server = http.createServer((request, response) => {
    // The first answer is ready last.
    setTimeout(() => response.end(request.url), request.url === '/1' ? 60 : 1);
});
server.listen(0, '127.0.0.1', () => {
    const socket = net.connect(server.address().port, '127.0.0.1');
    let text = '';
    socket.on('data', (d) => { text += d; });
    socket.on('close', () => {
        assert.deepStrictEqual(text.match(/^\/\d/gm), ['/1', '/2', '/3']);
        server.close();
    });
    const one = (path, more) => `GET ${path} HTTP/1.1\r\nHost: x\r\n${more}\r\n`;
    socket.write(one('/1', '') + one('/2', '') + one('/3', 'Connection: close\r\n'));
});
