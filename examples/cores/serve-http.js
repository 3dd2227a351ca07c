/* meshlite-core
{ "name": "serve-http", "version": "1.0.0",
  "permissions": { "net": ["127.0.0.1"], "fs.read": ["/proc/loadavg", "/proc/uptime"] } }
*/
'use strict';

// A status page for programs on the device itself: http://127.0.0.1:8737/status; `httpPort` in the settings says which
// port. Node's own server, by its `node:` name.

const agent = require('MeshAgent');
const fs = require('fs');
const http = require('node:http');

const started = Date.now();
let served = 0;

const pages = {
    '/status': () => ({
        core: 'serve-http 1.0',
        servedRequests: ++served,
        upForMs: Date.now() - started,
        load: Number(fs.readFileSync('/proc/loadavg').toString().split(' ')[0]),
        connected: agent.isControlChannelConnected,
    }),
};

const server = http.createServer((request, response) => {
    const page = request.method === 'GET' && Object.hasOwn(pages, request.url) ? pages[request.url] : null;
    const body = JSON.stringify(page ? page() : { error: 'there is /status, for GET' });
    response.writeHead(page ? 200 : 404, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) });
    response.end(body);
});
server.maxConnections = 16;
server.requestTimeout = 10000;
server.on('error', (error) => console.error(`no status page: ${error.message}`));
server.listen(Number(_MSH().httpPort ?? 8737), '127.0.0.1', () => {
    console.log(`serving http://127.0.0.1:${server.address().port}/status`);
});

agent.AddConnectHandler((open) => {
    if (open) agent.SendCommand({ action: 'coreinfo', value: 'serves HTTP', caps: 8 | 16 });
});
