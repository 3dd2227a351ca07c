const assert = require('assert');
const net = require('net');
const SIZE = 64 << 20;
let sent = 0, got = 0, most = 0;
const server = net.createServer((socket) => {
    socket.pause();
    const start = () => {
        // The kernel's buffers, ours, and what the writer's stream holds: far from all of it.
        most = sent;
        assert(most < (32 << 20), `${most} bytes left the writer`);
        socket.on('data', (data) => { got += data.length; assert(data.length <= 65536); });
        socket.resume();
    };
    let before = -1;
    const settled = setInterval(() => {
        if (sent === before && sent > 0) { clearInterval(settled); start(); }
        before = sent;
    }, 100);
    socket.on('end', () => server.close());
});
server.listen(0, '127.0.0.1', () => {
    const client = net.connect(server.address().port, '127.0.0.1');
    const chunk = Buffer.alloc(1 << 20, 'a');
    const more = () => {
        while (sent < SIZE) {
            sent += chunk.length;
            if (!client.write(chunk)) { client.once('drain', more); return; }
        }
        client.end();
    };
    more();
});
process.on('exit', () => assert.strictEqual(got, SIZE));
