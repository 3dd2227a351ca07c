const assert = require('assert');
const fs = require('fs');
const net = require('net');
const os = require('os');
const path = require('path');
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'net-'));
const file = path.join(folder, 's');
const server = net.createServer((socket) => socket.pipe(socket));
server.listen({ path: file, writableAll: true }, () => {
    assert.strictEqual(server.address(), file);
    assert.strictEqual(fs.statSync(file).mode & 0o222, 0o222);
    const client = net.connect(file);
    assert.strictEqual(client.remoteAddress, undefined);
    client.write('one ');
    client.end('two');
    let text = '';
    client.on('data', (data) => { text += data; });
    client.on('close', () => {
        assert.strictEqual(text, 'one two');
        server.close(() => {
            assert.strictEqual(fs.existsSync(file), false);
            fs.rmdirSync(folder);
            closed = true;
        });
    });
});
let closed = false;
process.on('exit', () => assert(closed));
