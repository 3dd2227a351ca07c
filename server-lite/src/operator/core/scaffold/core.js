/* meshlite-core
{ "name": "NAME", "version": "0.1.0",
  "permissions": { "fs.read": ["/proc/loadavg"] },
  "budget": { "turn_ms": 5000, "memory_mb": 64 } }
*/
'use strict';

const agent = require('MeshAgent');
const fs = require('fs');

// What the console understands: a name, and what it answers.
const commands = {
    help: () => `I know: ${Object.keys(commands).join(', ')}`,
    load: () => fs.readFileSync('/proc/loadavg').toString().trim(),
};

agent.AddCommandHandler((command) => {
    if (command.action !== 'msg' || command.type !== 'console') return; // later servers send more: pass over it
    if ((command.rights & 24) !== 24) return; // may use the console and the agent
    const [name, ...words] = command.value.trim().split(/\s+/);
    const value = Object.hasOwn(commands, name) ? commands[name](...words) : 'Try: help';
    agent.SendCommand({ action: 'msg', type: 'console', sessionid: command.sessionid, value });
});

agent.AddConnectHandler((open) => {
    // 8: console, 16: a JavaScript core.
    if (open) agent.SendCommand({ action: 'coreinfo', value: 'NAME 0.1.0', caps: 8 | 16 });
});
console.log('NAME is ready');
