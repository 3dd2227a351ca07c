/* meshlite-core
{ "name": "poll-http", "version": "1.0.0", "permissions": { "net": ["127.0.0.1"] } }
*/
'use strict';

// Asks a web service on the device whether it is well, and reports when the answer changes: not each time it asks.
// Settings: `pollUrl`, `pollMs` (a minute).

const agent = require('MeshAgent');
const http = require('node:http');

const url = _MSH().pollUrl || 'http://127.0.0.1:8737/status';
const every = Number(_MSH().pollMs || 60000);
let last = 'not asked yet';

function ask() {
    return new Promise((resolve) => {
        const request = http.get(url, { timeout: 5000 }, (answer) => {
            answer.resume(); // the body is of no interest, and the socket shall be free again
            resolve(answer.statusCode < 400 ? 'well' : `ill (HTTP ${answer.statusCode})`);
        });
        request.on('timeout', () => request.destroy(Object.assign(new Error('no answer'), { code: 'ETIMEDOUT' })));
        request.on('error', (error) => resolve(`away (${error.code ?? error.message})`));
    });
}

async function poll() {
    const now = await ask();
    if (now !== last) {
        agent.SendCommand({ action: 'log', msg: `${url} is ${now}; before: ${last}` });
        last = now;
    }
    setTimeout(poll, every);
}

agent.AddCommandHandler((command) => {
    if (command.action !== 'msg' || command.type !== 'console') return;
    agent.SendCommand({ action: 'msg', type: 'console', sessionid: command.sessionid, value: `${url} is ${last}` });
});
agent.AddConnectHandler((open) => {
    if (open) agent.SendCommand({ action: 'coreinfo', value: 'polls HTTP', caps: 8 | 16 });
});
poll();
