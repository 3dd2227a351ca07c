/* meshlite-core
{ "name": "watch-folder", "version": "1.0.0", "permissions": { "fs.read": ["/etc"] } }
*/
'use strict';

// Reports each change in a folder as an event of the device: `watch=/etc` in the agent's settings says which folder.
// An editor's several steps are one report, and not more than one report a second goes out for a name.

const agent = require('MeshAgent');
const fs = require('node:fs');

const folder = _MSH().watch || '/etc';
const quiet = Number(_MSH().quietMs || 1000);
const waiting = new Map();

function report(name) {
    waiting.delete(name);
    let what = 'was removed';
    if (fs.existsSync(`${folder}/${name}`)) {
        const { size } = fs.statSync(`${folder}/${name}`);
        what = `has ${size} bytes now`;
    }
    agent.SendCommand({ action: 'log', msg: `${folder}/${name} ${what}` });
    console.log(`${name} ${what}`);
}

const watcher = fs.watch(folder, (event, name) => {
    // A folder with thousands of changes must not make thousands of timers.
    if (!name || waiting.has(name) || waiting.size >= 100) return;
    waiting.set(name, setTimeout(() => report(name), quiet));
});

agent.AddConnectHandler((open) => {
    if (open) agent.SendCommand({ action: 'coreinfo', value: `watches ${folder}`, caps: 8 | 16 });
});
