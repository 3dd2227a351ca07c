const assert = require('assert');
const fs = require('fs');
const os = require('os');
const path = require('path');
const tls = require('tls');
const { execFileSync, spawn } = require('child_process');
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'tls-'));
execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', 'key', '-out', 'cert', '-days', '2', '-subj', '/CN=peer'],
    { cwd: folder, stdio: 'ignore' });
const [key, cert] = ['key', 'cert'].map((name) => fs.readFileSync(path.join(folder, name)));
const spoken = [];
const server = tls.createServer({ key, cert }, (socket) => {
    socket.on('error', () => {});
    socket.on('data', (data) => { spoken.push(`${socket.getProtocol()} ${String(data).trim()}`); socket.end('bye\n'); });
});
server.listen(0, '127.0.0.1', () => client('-tls1_2', () => client('-tls1_3', () => server.close(serve))));
function client(version, done) {
    const child = spawn('openssl', ['s_client', version, '-quiet', '-connect', `127.0.0.1:${server.address().port}`], { stdio: ['pipe', 'pipe', 'ignore'] });
    let text = '';
    child.stdin.write('hello\n');
    child.stdout.on('data', (data) => { text += data; });
    child.on('close', () => { assert.strictEqual(text, 'bye\n'); done(); });
}
// openssl says which port it took.
function serve() {
    const child = spawn('openssl', ['s_server', '-accept', '127.0.0.1:0', '-cert', 'cert', '-key', 'key', '-rev'], { cwd: folder, stdio: ['pipe', 'pipe', 'ignore'] });
    let text = '', socket;
    child.stdout.on('data', (data) => {
        text += data;
        const found = /ACCEPT 127\.0\.0\.1:(\d+)/.exec(text);
        if (!found || socket) return;
        socket = tls.connect({ port: Number(found[1]), host: '127.0.0.1', ca: cert, servername: 'peer' }, () => socket.write('abc\n'));
        socket.on('data', (back) => { spoken.push(String(back).trim()); socket.destroy(); child.kill(); });
    });
    child.on('close', () => fs.rmSync(folder, { recursive: true }));
}
process.on('exit', () => assert.deepStrictEqual(spoken, ['TLSv1.2 hello', 'TLSv1.3 hello', 'cba']));
