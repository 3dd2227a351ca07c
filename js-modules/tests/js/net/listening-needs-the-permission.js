//: permissions none
const net = require('net');
const refused = [];
const attempt = (act) => { try { act(); } catch (error) { refused.push(`${error.code} ${error.permission} ${error.resource}`); } };
attempt(() => net.createServer().listen(8080, '127.0.0.1'));
attempt(() => net.connect(80, 'example.org'));
attempt(() => net.connect('/run/some.sock'));
const wanted = ['net 127.0.0.1:8080', 'net example.org:80', 'net unix:/run/some.sock'].map((what) => 'ERR_ACCESS_DENIED ' + what);
if (JSON.stringify(refused) !== JSON.stringify(wanted)) throw new Error(JSON.stringify(refused));
