const assert = require('assert');
const fs = require('fs');
const os = require('os');
const path = require('path');
const tls = require('tls');
const { execFileSync } = require('child_process');
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'tls-'));
execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', 'key', '-out', 'cert',
    '-days', '2', '-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'], { cwd: folder, stdio: 'ignore' });
const [key, cert] = ['key', 'cert'].map((name) => fs.readFileSync(path.join(folder, name)));
fs.rmSync(folder, { recursive: true });
const seen = [];
const server = tls.createServer({ key, cert, ALPNProtocols: ['b', 'a'] }, (socket) => { socket.on('error', () => {}); socket.pipe(socket); });
server.on('tlsClientError', () => {});
const cases = [
    [{ ca: cert, servername: 'localhost', ALPNProtocols: ['a'] }, 'TLSv1.3 a true'],
    [{ ca: cert, servername: 'localhost', maxVersion: 'TLSv1.2' }, 'TLSv1.2 false true'],
    [{ servername: 'localhost' }, 'DEPTH_ZERO_SELF_SIGNED_CERT'],
    [{ servername: 'localhost', rejectUnauthorized: false }, 'TLSv1.3 false false DEPTH_ZERO_SELF_SIGNED_CERT'],
    [{ ca: cert, servername: 'elsewhere' }, 'ERR_TLS_CERT_ALTNAME_INVALID'],
    [{ ca: cert, servername: '', host: '127.0.0.1' }, 'TLSv1.3 false true'],
    [{ ca: cert, servername: 'localhost', checkServerIdentity: () => new Error('not you') }, 'not you'],
];
function next() {
    if (cases.length === 0) { server.close(); return; }
    const [options, wanted] = cases.shift();
    const socket = tls.connect({ port: server.address().port, host: '127.0.0.1', ...options }, () => {
        const cause = socket.authorizationError ? ' ' + socket.authorizationError : '';
        assert.strictEqual(`${socket.getProtocol()} ${socket.alpnProtocol} ${socket.authorized}${cause}`, wanted);
        assert.strictEqual(socket.getPeerCertificate().subject.CN, 'localhost');
        socket.end('ping');
    });
    let text = '';
    socket.on('data', (data) => { text += data; });
    socket.on('error', (error) => { assert.strictEqual(error.code || error.message, wanted); text = 'ping'; });
    socket.on('close', () => { assert.strictEqual(text, 'ping'); seen.push(wanted); next(); });
}
server.listen(0, '127.0.0.1', next);
process.on('exit', () => assert.strictEqual(seen.length, 7));
