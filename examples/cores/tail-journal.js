/* meshlite-core
{ "name": "tail-journal", "version": "1.0.0",
  "permissions": { "fs.read": ["/var/log"], "exec": ["/usr/bin/journalctl", "/bin/journalctl"] } }
*/
'use strict';

// Sends the errors of the system's journal to the device's events as they happen. Without journalctl (or with
// `logFile=…` in the settings) it follows a log file instead.

const agent = require('MeshAgent');
const fs = require('node:fs');
const { execFile } = require('child_process');

const file = _MSH().logFile;
const journalctl = ['/usr/bin/journalctl', '/bin/journalctl'].find((path) => !file && fs.existsSync(path));
let rest = '';
let child = null; // held here, or it would be collected with its pipes

function take(chunk) {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop().slice(0, 10000);
    for (const line of lines.slice(-20)) {
        if (line !== '') agent.SendCommand({ action: 'log', msg: line.slice(0, 500) });
    }
}

function followFile(path) {
    let at = fs.existsSync(path) ? fs.statSync(path).size : 0;
    function more() {
        const size = fs.existsSync(path) ? fs.statSync(path).size : 0;
        if (size < at) at = 0; // somebody rotated it
        if (size === at) return;
        const bytes = Buffer.alloc(Math.min(size - at, 65536));
        const fd = fs.openSync(path, 'r');
        at += fs.readSync(fd, bytes, 0, bytes.length, at);
        fs.closeSync(fd);
        take(bytes.toString());
        if (at < size) setImmediate(more);
    }
    return fs.watch(path, more);
}

if (journalctl) {
    child = execFile(journalctl, ['journalctl', '--follow', '--lines=0', '--priority=err', '--output=short-iso']);
    child.stdout.on('data', (chunk) => take(chunk.toString()));
    child.on('exit', (code) => console.log(`journalctl ended with ${code}`));
} else {
    child = followFile(file || '/var/log/syslog');
}
agent.AddConnectHandler((open) => {
    if (open) agent.SendCommand({ action: 'coreinfo', value: `follows ${journalctl || file}`, caps: 8 | 16 });
});
