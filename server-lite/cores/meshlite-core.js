/*
 * The core that the server pushes by default: it describes the device, answers the console and runs commands.
 * It runs in meshlite-agent and in MeshAgent (Duktape 2.6), so it is ES5 and uses what both have. Timers and
 * children are kept in `held`: MeshAgent collects what nobody holds, and a collected timer never fires.
 */
(function () {
var NAME = 'Meshlite core', VERSION = '0.1.0';
var agent = require('MeshAgent'), fs = require('fs'), os = require('os');

var CONSOLE = 8, SCRIPT = 16;           // capability bits; the rights a console line needs have the same numbers
var NETINFO_AFTER_MS = 5000;            // after each connect: addresses often settle a moment later
var LOOK_AGAIN_MS = 600000;             // addresses, people: one wake-up in ten minutes
var MAX_OUTPUT = 512 * 1024;            // bytes of a command's output
var MAX_ANSWER = 64 * 1024;             // characters of a console answer
var MAX_WAITING = 16;                   // commands in the queue
var MAX_COMMAND_MS = 3600000;           // a command that runs longer is ended
var MAX_LOOK_MS = 10000;                // for `cat`
var MAX_REPORTS = 20;                   // errors told to the server

var SIGNALS = { SIGHUP: 1, SIGINT: 2, SIGABRT: 6, SIGKILL: 9, SIGSEGV: 11, SIGPIPE: 13, SIGTERM: 15 };

var held = { timers: {}, next: 0 };
var sent = {};                          // action -> text last sent on this connection
var lastSession = null;                 // who used the console last: errors go there too
var reports = 0;
var queue = [], running = null;

// ---- small things ----

function after(ms, fn) {
    var id = ++held.next;
    held.timers[id] = setTimeout(function () { delete held.timers[id]; guard(fn); }, ms);
    return id;
}

function cancel(id) {
    if (held.timers[id]) { clearTimeout(held.timers[id]); delete held.timers[id]; }
}

function guard(fn, a, b) {
    try { return fn(a, b); } catch (e) { report(e); }
}

// Tells of an error: to the log of the server and to the console that was used last.
function report(e) {
    if (++reports > MAX_REPORTS) { return; }
    var text = (e && e.stack) ? String(e.stack) : String(e);
    if (e && e.message && text.indexOf(e.message) < 0) { text = e + '\n' + text; }
    text = NAME + ': ' + cut(text, 2000) + (reports === MAX_REPORTS ? '\n(no more are reported)' : '');
    try {
        agent.SendCommand({ action: 'log', msg: text });
        if (lastSession) { say(text, lastSession); }
    } catch (again) { /* there is nobody left to tell */ }
}

function cut(text, most) {
    var over = text.length - most;
    return over <= 0 ? text : text.substring(0, most) + '\n[cut: ' + over + ' more characters]';
}

function trim(text) { return String(text).replace(/^[\s\0]+|[\s\0]+$/g, ''); }

function read(path) {
    try {
        var bytes = fs.readFileSync(path);
        return bytes.length ? trim(bytes.toString()) : '';  // an empty Buffer's text is null in MeshAgent
    } catch (e) { return ''; }
}

// The value behind a key in lines `key<separator>value`.
function field(text, key, separator) {
    var lines = text.split('\n');
    for (var i = 0; i < lines.length; i++) {
        var at = lines[i].indexOf(separator);
        if (at > 0 && trim(lines[i].substring(0, at)) === key) {
            return trim(lines[i].substring(at + separator.length)).replace(/^"(.*)"$/, '$1');
        }
    }
    return '';
}

function number(text) { return parseInt(text, 10) || 0; }

function pad(value, width, left) {
    var text = String(value);
    while (text.length < width) { text = left ? ' ' + text : text + ' '; }
    return text;
}

// No security hash: it only has to differ when the text does.
function mark(text) {
    var h = 5381;
    for (var i = 0; i < text.length; i++) { h = ((h * 33) ^ text.charCodeAt(i)) >>> 0; }
    return ('0000000' + h.toString(16)).slice(-8) + '-' + text.length;
}

// ---- what the device is ----

function hostName() {
    return read('/proc/sys/kernel/hostname') || (os.hostname ? os.hostname() : '');
}

function system() {
    var release = read('/etc/os-release') || read('/usr/lib/os-release');
    return field(release, 'PRETTY_NAME', '=') || trim(process.platform + ' ' + read('/proc/sys/kernel/osrelease'));
}

function isRoot() {
    var ids = field(read('/proc/self/status'), 'Uid', ':').split(/\s+/);
    return (ids[1] || ids[0]) === '0';
}

// Signed-in people from utmp: records of 384 bytes, type 7 is a session, the name is at 44.
function people() {
    var found = {}, buffer;
    try { buffer = fs.readFileSync('/var/run/utmp'); } catch (e) { return []; }
    for (var at = 0; at + 384 <= buffer.length && at < 384 * 256; at += 384) {
        if (buffer[at] !== 7) { continue; }
        var name = '';
        for (var i = at + 44; i < at + 76 && buffer[i] > 32 && buffer[i] < 127; i++) {
            name += String.fromCharCode(buffer[i]);
        }
        if (name) { found[name] = 1; }
    }
    var names = [];
    for (var key in found) { names.push(key); }
    return names.sort();
}

function uptimeSeconds() { return parseFloat(read('/proc/uptime')) || 0; }

// What servers expect of `netif2`, whatever the engine's os module gives.
function interfaces() {
    var all = os.networkInterfaces(), gateways = {}, result = {};
    try { gateways = os.getDefaultGateways ? os.getDefaultGateways() : {}; } catch (e) { /* then without */ }
    for (var name in all) {
        if (!(all[name] instanceof Array)) { continue; }
        result[name] = [];
        for (var i = 0; i < all[name].length; i++) {
            var from = all[name][i], to = {};
            to.mac = String(from.mac || '00:00:00:00:00:00').toUpperCase();
            to.type = from.type || (from.internal ? 'loopback' : 'ethernet');
            to.status = from.status || 'up';
            if (from.address) {
                to.address = from.address;
                to.family = (from.family === 6 || from.family === 'IPv6') ? 'IPv6' : 'IPv4';
                if (from.netmask) { to.netmask = from.netmask; }
                var gateway = from.gateway || (to.family === 'IPv4' ? gateways[name] : null);
                if (gateway) { to.gateway = gateway; }
            }
            result[name].push(to);
        }
    }
    return result;
}

function hardware() {
    var ids = {}, dmi = '/sys/class/dmi/id/', cpu = read('/proc/cpuinfo'), memory = read('/proc/meminfo');
    var names = ['bios_vendor', 'bios_version', 'bios_date', 'board_vendor', 'board_name', 'board_version',
        'board_serial', 'sys_vendor', 'product_name', 'product_uuid', 'product_serial'];
    for (var i = 0; i < names.length; i++) {
        var value = read(dmi + names[i]);
        if (value) { ids[names[i]] = value.substring(0, 128); }
    }
    var model = field(cpu, 'model name', ':') || field(cpu, 'Model', ':') || field(cpu, 'cpu model', ':');
    if (model) { ids.cpu_name = model.substring(0, 128); }
    return {
        identifiers: ids,
        linux: {
            kernel: read('/proc/sys/kernel/osrelease'),
            cpus: (cpu.match(/^processor\s*:/mg) || []).length,
            memory_kib: number(field(memory, 'MemTotal', ':')),
            swap_kib: number(field(memory, 'SwapTotal', ':'))
        }
    };
}

// ---- what the server is told ----

// Sends a report unless this connection has had the same one.
function tell(message) {
    var text = JSON.stringify(message);
    if (sent[message.action] === text) { return; }
    sent[message.action] = text;
    agent.SendCommand(message);
}

function coreInfo() {
    tell({
        action: 'coreinfo', value: NAME + ' ' + VERSION, caps: CONSOLE | SCRIPT, osdesc: system(), root: isRoot(),
        users: people(), name: hostName(), lastbootuptime: bootTime()
    });
}

// Read once: it moves when the clock is set.
var booted = 0;
function bootTime() {
    booted = booted || number(field(read('/proc/stat'), 'btime', ' ')) * 1000;
    return booted;
}

function netInfo() { tell({ action: 'netinfo', netif2: interfaces() }); }

function connected() {
    sent = {};
    coreInfo();
    cancel(held.netinfo);
    held.netinfo = after(NETINFO_AFTER_MS, netInfo);
}

function lookAgain() {
    after(LOOK_AGAIN_MS, function () {
        lookAgain();
        if (sent.coreinfo) { coreInfo(); netInfo(); }
    });
}

function sysInfo(known) {
    var found = hardware(), hash = mark(JSON.stringify(found));
    if (hash !== known) { agent.SendCommand({ action: 'sysinfo', data: { hash: hash, hardware: found } }); }
}

// ---- commands in the shell ----

// Runs a program and calls done(text, exit code or null, note). The output has a cap, the time has one.
function collect(argv, most, longest, done) {
    var child = require('child_process').execFile('/bin/sh', argv);
    var chunks = [], kept = 0, dropped = 0, id = ++held.next, news = false, code = null, over = false, note = '';
    held['child' + id] = child;

    function finish() {
        if (over) { return; }
        over = true;
        cancel(clock);
        delete held['child' + id];
        if (dropped) { note += '[cut: ' + dropped + ' more bytes]\n'; }
        done((kept && guard(decode, chunks, kept)) || '', code, note);
    }
    // Output may come after the exit; it is over after a silent moment.
    function settle() {
        news = false;
        after(40, function () { if (news) { settle(); } else { finish(); } });
    }
    var clock = after(longest, function () {
        note += '[ended: it ran for more than ' + Math.round(longest / 1000) + ' s]\n';
        end(child.pid);
        after(1000, finish);
    });
    child.stdout.on('data', function (chunk) {
        news = true;
        var room = Math.min(chunk.length, most - kept);
        dropped += chunk.length - room;
        if (room <= 0) { return; }
        var copy = Buffer.alloc(room);
        chunk.copy(copy, 0, 0, room);
        chunks.push(copy);
        kept += room;
    });
    child.on('exit', function (status, signal) {
        code = signal ? 128 + (SIGNALS[signal] || 0) : typeof status === 'number' ? status : null;
        settle();
    });
    guard(function () { child.stdin.end(); });
    return { stop: function () { note += '[stopped]\n'; end(child.pid); after(1000, finish); } };
}

// Bytes to text that may be sent. MeshAgent's Buffers end their text at a NUL and pass on bytes that are no UTF-8,
// which would end the connection; engines that have `indexOf` replace such bytes themselves.
function decode(chunks, length) {
    var all = Buffer.concat(chunks, length), text = all.toString(), at = 0;
    if (text.length === length) { return text; }
    if (all.indexOf) {
        while ((at = all.indexOf(0, at)) >= 0) { all[at] = 0x20; }
        return all.toString();
    }
    while (at < length) {
        var c = all[at], second = all[at + 1];
        var more = c < 0x80 ? 0 : c < 0xC2 ? -1 : c < 0xE0 ? 1 : c < 0xF0 ? 2 : c < 0xF5 ? 3 : -1;
        var good = c !== 0 && more >= 0 && at + more < length &&
            !(c === 0xE0 && second < 0xA0) && !(c === 0xED && second > 0x9F) &&
            !(c === 0xF0 && second < 0x90) && !(c === 0xF4 && second > 0x8F);
        for (var i = 1; good && i <= more; i++) { good = (all[at + i] & 0xC0) === 0x80; }
        if (!good) { all[at] = c ? 0x3F : 0x20; more = 0; }
        at += 1 + more;
    }
    return all.toString();
}

function enqueue(job) {
    if (queue.length >= MAX_WAITING) {
        job.done('Too many commands wait already (' + MAX_WAITING + '); try again later.', null, '');
        return;
    }
    queue.push(job);
    next();
}

function next() {
    if (running || !queue.length) { return; }
    running = queue.shift();
    var job = running;
    function done(text, code, note) {
        running = null;
        guard(function () { job.done(text, code, note); });
        next();
    }
    // Both outputs in one, in the order in which they were written.
    try {
        job.child = collect(['sh', '-c', 'exec 2>&1\n' + job.commands], MAX_OUTPUT, MAX_COMMAND_MS, done);
    } catch (e) {
        done('The shell could not be started: ' + e, null, '');
    }
}

function runCommands(m) {
    function answer(result, code) {
        if (!m.reply) { return; }
        var message = { action: 'msg', type: 'runcommands', result: result, responseid: m.responseid };
        if (typeof code === 'number') { message.exitcode = code; }
        if (m.sessionid) { message.sessionid = m.sessionid; }
        agent.SendCommand(message);
    }
    if (typeof m.cmds !== 'string' || !m.cmds) { answer('There is no command to run.', 127); return; }
    if (m.type === 4) {
        line(m.cmds, function (text) { answer(text, 0); });
    } else if (m.type !== 0 && m.type !== 3) {
        answer('This core runs commands of type 3 (/bin/sh) and 4 (console).', 126);
    } else if (m.runAsUser) {
        answer('Commands run as the agent\'s own user only; ask with runAsUser 0.', 126);
    } else {
        enqueue({
            commands: m.cmds,
            done: function (text, code, note) { answer(joined(text, note), code); }
        });
    }
}

function joined(text, note) {
    return note ? text + (text && text.charAt(text.length - 1) !== '\n' ? '\n' : '') + note : text;
}

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

// Every process: `pid (name) state parent ...` in its stat; the name may hold blanks and brackets.
function table() {
    var names = fs.readdirSync('/proc'), rows = [];
    for (var i = 0; i < names.length; i++) {
        var stat = /^\d+$/.test(names[i]) ? read('/proc/' + names[i] + '/stat') : '', close = stat.lastIndexOf(')');
        if (close < 0) { continue; }
        var rest = stat.substring(close + 2).split(' ');
        rows.push({
            pid: number(names[i]), parent: number(rest[1]), state: rest[0], kib: number(rest[21]) * 4,
            name: stat.substring(stat.indexOf('(') + 1, close)
        });
    }
    return rows.sort(function (a, b) { return a.pid - b.pid; });
}

function processes() {
    return table().map(function (p) {
        return pad(p.pid, 7, true) + ' ' + p.state + ' ' + pad(p.kib, 9, true) + ' KiB  ' + p.name;
    }).join('\n');
}

// Ends a process and all that it started.
function end(pid) {
    var all = table(), doomed = [pid];
    for (var i = 0; i < doomed.length; i++) {
        for (var j = 0; j < all.length; j++) { if (all[j].parent === doomed[i]) { doomed.push(all[j].pid); } }
    }
    doomed.forEach(function (one) { try { process.kill(one, 9); } catch (e) { /* gone already */ } });
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

// 2 off, 3 restart, 4 sleep.
function power(m) {
    if (m.actiontype !== 2 && m.actiontype !== 3 && m.actiontype !== 4) { return; }
    if (typeof agent.ExecPowerState === 'function') {
        agent.ExecPowerState(m.actiontype, m.forced);
        return;
    }
    var shell = { 2: 'systemctl poweroff || poweroff', 3: 'systemctl reboot || reboot', 4: 'systemctl suspend' };
    enqueue({
        commands: shell[m.actiontype],
        done: function (text, code) { if (code) { report('The power command failed: ' + trim(text)); } }
    });
}

function command(m) {
    if (!m || typeof m !== 'object') { return; }
    switch (m.action) {
        case 'msg': if (m.type === 'console') { consoleLine(m); } break;
        case 'runcommands': runCommands(m); break;
        case 'sysinfo': sysInfo(m.hash); break;
        case 'ping': agent.SendCommand({ action: 'pong' }); break;
        case 'poweraction': power(m); break;
    }
}

try { process.on('uncaughtException', report); } catch (e) { /* an engine without it reports by itself */ }
agent.AddCommandHandler(function (m) { guard(command, m); });
// Called at once when the channel is open already.
agent.AddConnectHandler(function (state) { if (state) { guard(connected); } else { sent = {}; } });
lookAgain();
}());
