const assert = require('assert');
const http = require('http');

const evil = 'a\r\nSet-Cookie: x=y';
assert.throws(() => http.request({ headers: { X: evil } }), { code: 'ERR_INVALID_CHAR' });
assert.throws(() => http.request({ headers: { [evil]: 'x' } }), { code: 'ERR_INVALID_HTTP_TOKEN' });
assert.throws(() => http.request({ path: '/a b' }), { code: 'ERR_UNESCAPED_CHARACTERS' });
assert.throws(() => http.request({ method: 'GET /' }), { code: 'ERR_INVALID_HTTP_TOKEN' });

const server = http.createServer((request, response) => {
    assert.throws(() => response.setHeader('X', evil), { code: 'ERR_INVALID_CHAR' });
    assert.throws(() => response.writeHead(200, { X: evil }), { code: 'ERR_INVALID_CHAR' });
    assert.throws(() => response.writeHead(200, evil), { code: 'ERR_INVALID_CHAR' });
    assert.throws(() => response.addTrailers({ X: evil }), { code: 'ERR_INVALID_CHAR' });
    response.statusMessage = undefined;
    response.end('fine');
    assert.throws(() => response.setHeader('X', 'y'), { code: 'ERR_HTTP_HEADERS_SENT' });
});
server.listen(0, '127.0.0.1', () => {
    http.get({ port: server.address().port, host: '127.0.0.1', agent: false }, (response) => {
        assert.strictEqual(response.headers['set-cookie'], undefined);
        response.resume();
        response.on('end', () => server.close());
    });
});
