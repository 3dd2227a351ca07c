const assert = require('assert');
const fs = require('fs');
const net = require('net');
const os = require('os');
const path = require('path');
const tls = require('tls');
const { execFileSync } = require('child_process');
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'tls-'));
execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', 'key', '-out', 'cert', '-days', '2', '-subj', '/CN=mail'],
    { cwd: folder, stdio: 'ignore' });
const [key, cert] = ['key', 'cert'].map((name) => fs.readFileSync(path.join(folder, name)));
fs.rmSync(folder, { recursive: true });
const server = net.createServer((plain) => {
    plain.once('data', (data) => {
        assert.strictEqual(String(data), 'STARTTLS');
        plain.write('go');
        const secure = new tls.TLSSocket(plain, { isServer: true, key, cert });
        secure.on('data', (text) => secure.end(`got ${text}`));
    });
});
let answer = '';
server.listen(0, '127.0.0.1', () => {
    const plain = net.connect(server.address().port, '127.0.0.1', () => plain.write('STARTTLS'));
    plain.once('data', (data) => {
        assert.strictEqual(String(data), 'go');
        const secure = tls.connect({ socket: plain, ca: cert, servername: 'mail' }, () => {
            assert.strictEqual(secure.authorized, true);
            secure.write('secret');
        });
        secure.on('data', (text) => { answer += text; });
        secure.on('close', () => server.close());
    });
});
process.on('exit', () => assert.strictEqual(answer, 'got secret'));
