const assert = require('assert');
const fs = require('fs');
const net = require('net');
const open = () => fs.readdirSync('/proc/self/fd').length;
const server = net.createServer((socket) => socket.end('x'));
let closed = 0, before;
function next(port) {
    net.connect(port, '127.0.0.1').on('close', () => {
        if (++closed < 1000) next(port);
        else if (closed === 1000 + 7) server.close();
    }).resume();
}
server.listen(0, '127.0.0.1', () => {
    before = open();
    for (let i = 0; i < 8; i++) next(server.address().port);
});
server.on('close', () => {
    assert(open() <= before, `${open()} descriptors, ${before} before`);
    assert.strictEqual(server._connections, 0);
});
process.on('exit', () => assert.strictEqual(closed, 1007));
