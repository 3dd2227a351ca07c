'use strict';
// The folder in front of it may be deep: the kernel's limit of 107 bytes is for the shortest absolute path.
const assert = require('assert');
const fs = require('fs');
const net = require('net');
const os = require('os');
const path = require('path');

const base = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'sun-')));
const deep = path.join(base, 'd'.repeat(50), 'e'.repeat(50));
fs.mkdirSync(deep, { recursive: true });
process.chdir(deep);
const name = path.join('..', '..', 's');
const server = net.createServer((socket) => socket.end('here'));
server.listen(name, () => {
    let said = '';
    net.connect(name).setEncoding('utf8').on('data', (text) => { said += text; }).on('close', () => {
        assert.strictEqual(said, 'here');
        server.close(() => {
            process.chdir(os.tmpdir());
            fs.rmSync(base, { recursive: true });
        });
    });
});
