const assert = require('assert');
const http = require('http');

const ports = new Set();
const server = http.createServer((request, response) => {
    ports.add(request.socket.remotePort);
    let n = 0;
    request.on('data', (d) => { n += d.length; });
    request.on('end', () => { response.setHeader('X-Size', n); response.end(request.url); });
});
server.listen(0, '127.0.0.1', () => {
    const agent = new http.Agent({ keepAlive: true });
    let left = 3;
    const go = () => {
        const request = http.request({ port: server.address().port, host: '127.0.0.1', path: `/${left}`, method: 'POST', agent }, (response) => {
            let text = '';
            response.setEncoding('utf8');
            response.on('data', (d) => { text += d; });
            response.on('end', () => {
                assert.strictEqual(text, `/${left}`);
                assert.strictEqual(response.headers['x-size'], '7');
                assert.strictEqual(response.headers.connection, 'keep-alive');
                // The socket is handed back after this turn.
                setImmediate(() => {
                    if (--left > 0) { go(); return; }
                    assert.strictEqual(ports.size, 1);
                    agent.destroy();
                    server.close();
                });
            });
        });
        request.write('abc');
        request.end('defg');
    };
    go();
});
