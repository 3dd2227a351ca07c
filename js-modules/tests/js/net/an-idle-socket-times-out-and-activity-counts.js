const assert = require('assert');
const net = require('net');
let timeouts = 0;
const server = net.createServer((socket) => {
    let n = 0;
    const ticks = setInterval(() => { socket.write('x'); if (++n === 5) clearInterval(ticks); }, 40);
    socket.on('close', () => server.close());
});
server.listen(0, '127.0.0.1', () => {
    const begun = Date.now();
    const client = net.connect({ port: server.address().port, host: '127.0.0.1', timeout: 150 });
    client.resume();
    client.on('timeout', () => {
        timeouts++;
        // Five ticks of 40 ms each came before the silence.
        assert(Date.now() - begun >= 300, String(Date.now() - begun));
        client.destroy();
    });
});
process.on('exit', () => assert.strictEqual(timeouts, 1));
