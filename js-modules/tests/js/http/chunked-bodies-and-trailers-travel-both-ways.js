const assert = require('assert');
const http = require('http');

const server = http.createServer((request, response) => {
    const pieces = [];
    request.on('data', (d) => pieces.push(String(d)));
    request.on('end', () => {
        assert.strictEqual(pieces.join(''), 'one two');
        assert.deepStrictEqual(request.trailers, { 'x-sum': '7' });
        response.writeHead(200, { Trailer: 'X-End' });
        response.write('three');
        response.addTrailers({ 'X-End': 'yes' });
        response.end(' four');
    });
});
server.listen(0, '127.0.0.1', () => {
    const request = http.request({ port: server.address().port, host: '127.0.0.1', method: 'PUT', agent: false }, (response) => {
        assert.strictEqual(response.headers['transfer-encoding'], 'chunked');
        let text = '';
        response.on('data', (d) => { text += d; });
        response.on('end', () => {
            assert.strictEqual(text, 'three four');
            assert.deepStrictEqual(response.trailers, { 'x-end': 'yes' });
            assert.strictEqual(response.complete, true);
            server.close();
        });
    });
    request.setHeader('Trailer', 'X-Sum');
    request.write('one ');
    request.addTrailers({ 'X-Sum': '7' });
    request.end('two');
});
