// ---- the console ----

function say(text, sessionid) {
    agent.SendCommand({ action: 'msg', type: 'console', value: cut(text, MAX_ANSWER), sessionid: sessionid });
}

function show(value) {
    if (typeof value === 'string') { return value; }
    if (typeof value === 'function' || value === undefined || value === null) { return String(value); }
    try { return JSON.stringify(value, null, 1) || String(value); } catch (e) { return String(value); }
}

function span(seconds) {
    var d = Math.floor(seconds / 86400), h = Math.floor(seconds / 3600) % 24, m = Math.floor(seconds / 60) % 60;
    return (d ? d + ' d ' : '') + (d || h ? h + ' h ' : '') + m + ' min ' + Math.floor(seconds) % 60 + ' s';
}

var commands = {
    help: ['', 'this list', function () {
        var text = 'Commands:';
        for (var name in commands) { text += '\n  ' + pad(name + ' ' + commands[name][0], 16) + commands[name][1]; }
        return text;
    }],
    info: ['', 'core, server, addresses', function () {
        var lines = ['Core:    ' + NAME + ' ' + VERSION, 'Name:    ' + hostName(), 'System:  ' + system(),
            'Agent:   process ' + process.pid + (isRoot() ? ', root' : ', not root'),
            'Server:  ' + (agent.ConnectedServer || agent.ServerUrl || 'unknown')];
        if (agent.coreHash) { lines.push('Hash:    ' + String(agent.coreHash).substring(0, 16)); }
        return lines.join('\n') + '\nUptime:  ' + span(uptimeSeconds()) + '\n' + addresses();
    }],
    versions: ['', 'versions of the core and its engine', function () {
        var text = NAME + ': ' + VERSION;
        for (var name in process.versions) { text += '\n' + name + ': ' + show(process.versions[name]); }
        return text;
    }],
    'eval': ['SCRIPT', 'evaluates JavaScript', function (rest) {
        return show(agent.eval ? agent.eval(rest) : (0, eval)(rest));
    }],
    osinfo: ['', 'operating system and hardware', function () {
        return system() + '\n' + show(hardware());
    }],
    netinfo: ['', 'network interfaces', function () { return addresses() || 'No interface has an address.'; }],
    ps: ['', 'processes', processes],
    users: ['', 'who is logged in', function () {
        return userSessions().map(function (one) {
            return pad(one.Username, 16) + ' ' + pad(one.StationName, 10) + ' ' + one.State + (one.Host ? ' from ' + one.Host : '');
        }).join('\n') || 'Nobody is logged in.';
    }],
    services: ['', 'services and their states', function (rest, answer) {
        listServices(function (kind, found) {
            answer(kind ? found.map(function (one) { return pad(one.status.state, 10) + ' ' + one.name; }).join('\n') : found);
        });
    }],
    sessions: ['', 'open sessions of operators', function () {
        var lines = [];
        for (var id in sessions) {
            lines.push(pad(sessions[id].kind || 'starting', 10) + ' ' + who(sessions[id].request) + ' from ' + (sessions[id].request.remoteaddr || 'somewhere'));
        }
        return lines.join('\n') || 'No session is open.';
    }],
    uptime: ['', 'time since start, load', function () {
        return span(uptimeSeconds()) + ', load ' + read('/proc/loadavg').split(' ').slice(0, 3).join(' ');
    }],
    ls: ['[FOLDER]', 'names in a folder', function (rest) {
        var names = fs.readdirSync(rest || '/');
        return names.length ? names.sort().join('\n') : 'Empty, or no such folder: ' + (rest || '/');
    }],
    cat: ['FILE', 'the first 64 KiB of a file', function (rest, answer) {
        if (!rest) { return 'Say which: cat FILE'; }
        collect(['sh', '-c', 'exec head -c 65536 -- "$1" 2>&1', 'sh', rest], MAX_ANSWER, MAX_LOOK_MS,
            function (text, code, note) { answer(joined(text, note) || '[empty]'); });
    }],
    jobs: ['[stop]', 'running and waiting commands', function (rest) {
        if (rest === 'stop' && running && running.child) { running.child.stop(); return 'Stopped.'; }
        if (!running) { return 'No command is running.'; }
        return 'Running: ' + running.commands.substring(0, 200) + '\nWaiting: ' + queue.length;
    }]
};

function addresses() {
    var all = interfaces(), lines = [];
    for (var name in all) {
        for (var i = 0; i < all[name].length; i++) {
            var one = all[name][i];
            if (one.address) {
                lines.push(pad(name, 8) + ' ' + one.address + (one.gateway ? ' by ' + one.gateway : '') +
                    (one.mac !== '00:00:00:00:00:00' ? ' (' + one.mac + ')' : ''));
            }
        }
    }
    return lines.join('\n');
}

// Runs one console line; the answer may come later.
function line(text, answer) {
    var found = /^\s*(\S+)\s*([\s\S]*?)\s*$/.exec(text);
    if (!found) { answer('Nothing to do. Try: help'); return; }
    var name = found[1].toLowerCase();
    if (!Object.prototype.hasOwnProperty.call(commands, name)) {
        answer('Unknown command: ' + cut(found[1], 100) + '. Try: help');
        return;
    }
    var result;
    // Quotes around all of it are taken off, as other cores do.
    var rest = found[2].replace(/^"([^"]*)"$|^'([^']*)'$/, '$1$2');
    try { result = commands[name][2](rest, answer); } catch (e) { result = String(e); }
    if (typeof result === 'string') { answer(result); }
}

function consoleLine(m) {
    // The server has checked this too; a core that runs scripts asks twice.
    if ((m.rights & (CONSOLE | SCRIPT)) !== (CONSOLE | SCRIPT)) {
        say('Access denied: the console needs the rights 8 and 16 over this device.', m.sessionid);
        return;
    }
    lastSession = m.sessionid;
    line(String(m.value), function (text) { say(text, m.sessionid); });
}
