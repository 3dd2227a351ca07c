/* meshlite-core
{ "name": "sensor-ffi", "version": "1.0.0", "permissions": { "ffi": ["libc.so.6"] } }
*/
'use strict';

// Reads a "sensor" by calling C: the machine's load, free memory and uptime from sysinfo(2) in libc. A sensor's own
// library is called in the same way.

const agent = require('MeshAgent');
const ffi = require('ffi');

const libc = ffi.open('libc.so.6');
const Sysinfo = ffi.struct({
    uptime: 'long', load1: 'unsigned long', load5: 'unsigned long', load15: 'unsigned long', totalram: 'unsigned long', freeram: 'unsigned long',
    sharedram: 'unsigned long', bufferram: 'unsigned long', totalswap: 'unsigned long', freeswap: 'unsigned long', procs: 'uint16_t',
});
const sysinfo = libc.func('int sysinfo(void *info)');

function read() {
    const memory = Buffer.alloc(256); // the kernel writes more than the fields above
    if (sysinfo(memory) !== 0) throw new Error('sysinfo failed');
    const info = Sysinfo.decode(memory);
    return {
        uptimeS: Number(info.uptime),
        load: Number(info.load1) / 65536,
        freeMiB: Math.round(Number(info.freeram) / 1048576),
        processes: info.procs,
    };
}

agent.AddCommandHandler((command) => {
    if (command.action !== 'msg' || command.type !== 'console') return;
    const value = command.value === 'read' ? JSON.stringify(read()) : 'Try: read';
    agent.SendCommand({ action: 'msg', type: 'console', sessionid: command.sessionid, value });
});
agent.AddConnectHandler((open) => {
    if (open) agent.SendCommand({ action: 'coreinfo', value: 'reads a sensor', caps: 8 | 16 });
});
