const assert = require('assert');
const http = require('http');
const net = require('net');

const bad = [
    ['Content-Length: 1\r\nTransfer-Encoding: chunked', 'HPE_INVALID_TRANSFER_ENCODING'],
    ['Content-Length: 1\r\nContent-Length: 2', 'HPE_UNEXPECTED_CONTENT_LENGTH'],
    ['Transfer-Encoding: xchunked', 'HPE_INVALID_TRANSFER_ENCODING'],
    ['Transfer-Encoding : chunked', 'HPE_INVALID_HEADER_TOKEN'],
    ['Content-Length: +1', 'HPE_INVALID_CONTENT_LENGTH'],
    ['A: b\r\n folded', 'HPE_INVALID_HEADER_TOKEN'],
    ['A: b\nContent-Length: 1', 'HPE_CR_EXPECTED'],
];
let served = 0;
const server = http.createServer(() => { served++; });
const codes = [];
server.on('clientError', (error, socket) => {
    codes.push(error.code);
    socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n');
});
server.listen(0, '127.0.0.1', () => {
    const go = (i) => {
        if (i === bad.length) {
            assert.deepStrictEqual(codes, bad.map((one) => one[1]));
            assert.strictEqual(served, 0);
            server.close();
            return;
        }
        const socket = net.connect(server.address().port, '127.0.0.1');
        let text = '';
        socket.on('data', (d) => { text += d; });
        socket.on('close', () => {
            assert.match(text, /^HTTP\/1\.1 400 /);
            go(i + 1);
        });
        socket.write(`POST / HTTP/1.1\r\nHost: x\r\n${bad[i][0]}\r\n\r\nx`);
    };
    go(0);
});
