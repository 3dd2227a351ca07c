const assert = require('assert');
const net = require('net');
const seen = [];
const server = net.createServer({ allowHalfOpen: true }, (socket) => {
    let text = '';
    socket.on('data', (data) => { text += data; });
    socket.on('end', () => { seen.push('server end'); socket.end(text.toUpperCase()); });
});
server.listen(0, '127.0.0.1', () => {
    const client = net.connect(server.address().port, '127.0.0.1', () => {
        assert.strictEqual(client.readyState, 'open');
        client.end('hello');
    });
    assert.strictEqual(client.readyState, 'opening');
    assert.strictEqual(client.pending, true);
    let answer = '';
    client.on('data', (data) => { answer += data; });
    client.on('end', () => seen.push('client end'));
    client.on('close', (failed) => {
        assert.strictEqual(failed, false);
        assert.strictEqual(answer, 'HELLO');
        assert.strictEqual(client.bytesRead, 5);
        assert.strictEqual(client.bytesWritten, 5);
        server.close(() => seen.push('server closed'));
    });
});
process.on('exit', () => assert.deepStrictEqual(seen, ['server end', 'client end', 'server closed']));
