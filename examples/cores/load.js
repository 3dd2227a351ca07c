// Watches /proc/loadavg and tells the operator's event list when the one-minute load has changed by half or more.
var agent = require('MeshAgent');
var fs = require('fs');

var LOOK_EVERY_MS = 15000;
var reported = null;

function load() {
    return parseFloat(fs.readFileSync('/proc/loadavg').toString().split(' ')[0]);
}

function look() {
    var now = load();
    if (reported === null || Math.abs(now - reported) >= 0.5) {
        reported = now;
        agent.SendCommand({ action: 'log', msg: 'Load average is ' + now });
    }
}

agent.AddCommandHandler(function (command) {
    if (command.action === 'msg' && command.type === 'console') {
        agent.SendCommand({
            action: 'msg', type: 'console', sessionid: command.sessionid,
            value: command.value === 'load' ? 'Load average: ' + load() : 'I only know: load'
        });
    }
});

agent.SendCommand({ action: 'coreinfo', value: 'Example: load', caps: 8 | 16 });
look();
setInterval(look, LOOK_EVERY_MS);
