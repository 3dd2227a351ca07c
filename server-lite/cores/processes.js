// ---- processes ----

var TICKS = 100;                        // a second, as the kernel counts for programs
var MAX_PROCESSES = 8192;
var TERM_MS = 3000;                     // for a process to end by itself before it is ended

// One process: `pid (name) state parent ...` in its stat; the name may hold blanks and brackets. Null when it is gone.
function processOf(pid) {
    var stat = read('/proc/' + pid + '/stat'), close = stat.lastIndexOf(')');
    if (close < 0) { return null; }
    var rest = stat.substring(close + 2).split(' ');
    return {
        pid: number(pid), parent: number(rest[1]), state: rest[0], kib: number(rest[21]) * 4, name: stat.substring(stat.indexOf('(') + 1, close),
        user: number(rest[11]) / TICKS, system: number(rest[12]) / TICKS, start: number(rest[19]) / TICKS, virtual: number(rest[20])
    };
}

function table() {
    var names = fs.readdirSync('/proc'), rows = [];
    for (var i = 0; i < names.length && rows.length < MAX_PROCESSES; i++) {
        var one = /^\d+$/.test(names[i]) ? processOf(names[i]) : null;
        if (one) { rows.push(one); }
    }
    return rows.sort(function (a, b) { return a.pid - b.pid; });
}

// The command line with blanks between its words; threads of the kernel have none.
function commandLine(one) {
    var bytes = bytesOf('/proc/' + one.pid + '/cmdline', 1024);
    if (!bytes || !bytes.length) { return '[' + one.name + ']'; }
    for (var i = 0; i < bytes.length; i++) { if (bytes[i] === 0) { bytes[i] = 32; } }
    return trim(decode([bytes], bytes.length));
}

function userNames() {
    var names = {}, lines = read('/etc/passwd').split('\n');
    for (var i = 0; i < lines.length; i++) { var f = lines[i].split(':'); if (f.length > 2 && !names[f[2]]) { names[f[2]] = f[0]; } }
    return names;
}

function userOf(pid, names) {
    try { var uid = fs.statSync('/proc/' + pid).uid; return names[uid] || String(uid); } catch (e) { return ''; }
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

// `msg/ps`: what MeshCentral's page shows (`pid`, `user`, `cmd`), and what a list of processes is sorted by.
function sendProcesses(m) {
    var names = userNames(), all = {};
    table().forEach(function (one) {
        all[one.pid] = {
            pid: one.pid, user: userOf(one.pid, names), cmd: commandLine(one), name: one.name, parent: one.parent, state: one.state,
            rss: one.kib * 1024, seconds: one.user + one.system
        };
    });
    reply(m, { value: JSON.stringify(all) });
}

function sendProcess(m) {
    var one = number(m.pid) > 0 ? processOf(number(m.pid)) : null;
    if (!one) { reply(m, { pid: m.pid, value: {}, error: 'there is no such process' }); return; }
    var status = read('/proc/' + one.pid + '/status'), kib = function (key) { return number(field(status, key, ':')) * 1024; };
    reply(m, { pid: m.pid, value: {
        processUser: userOf(one.pid, userNames()), cmd: commandLine(one), processName: one.name, state: one.state, parent: one.parent,
        workingSet: one.kib * 1024, peakWorkingSet: kib('VmHWM'), virtualMemorySize: one.virtual, privateMemorySize: kib('RssAnon'),
        totalProcessorTime: one.user + one.system, userProcessorTime: one.user, privilegedProcessorTime: one.system,
        startTime: new Date(bootTime() + one.start * 1000).toISOString(), threads: number(field(status, 'Threads', ':'))
    } });
}

// `pid` or `pid|name`. It may end by itself first; a number that was given to another process meanwhile is not touched.
function killProcess(m) {
    var pid = number(String(m.value).split('|')[0]), one = pid > 1 && pid !== process.pid ? processOf(pid) : null;
    if (!one) {
        reply(m, { value: m.value, success: false, error: pid === process.pid ? 'that is the agent itself' : 'there is no such process' });
        return;
    }
    journal(m, 'Ending process ' + pid + ' (' + one.name + ')');
    try { process.kill(pid, SIGNALS.SIGTERM); } catch (e) { reply(m, { value: m.value, success: false, error: lastError(e) }); return; }
    reply(m, { value: m.value, success: true });
    after(TERM_MS, function () {
        var now = processOf(pid);
        if (now && now.start === one.start && now.state !== 'Z') { try { process.kill(pid, SIGNALS.SIGKILL); } catch (e) { /* gone already */ } }
    });
}

// ---- load ----

function cpuTimes() {
    var rows = [], lines = read('/proc/stat').split('\n');
    for (var i = 0; i < lines.length && /^cpu/.test(lines[i]); i++) {
        var f = lines[i].split(/\s+/).slice(1).map(number), sum = 0;
        // Guests are counted in the first two already.
        for (var j = 0; j < f.length && j < 8; j++) { sum += f[j]; }
        rows.push({ sum: sum, idle: f[3] + (f[4] || 0) });
    }
    return rows;
}

function temperatures() {
    var found = [], names = [];
    try { names = fs.readdirSync('/sys/class/thermal'); } catch (e) { return found; }
    for (var i = 0; i < names.length; i++) {
        var value = names[i].substring(0, 12) === 'thermal_zone' ? read('/sys/class/thermal/' + names[i] + '/temp') : '';
        if (/^-?\d+$/.test(value)) { found.push((number(value) / 1000).toFixed(1)); }
    }
    return found;
}

var LOAD_MS = 500;
function sendLoad(m) {
    var before = cpuTimes();
    after(LOAD_MS, function () {
        var now = cpuTimes(), used = now.map(function (row, i) {
            var sum = before[i] ? row.sum - before[i].sum : 0;
            return sum > 0 ? Math.max(0, Math.min(100, 100 - (row.idle - before[i].idle) * 100 / sum)) : 0;
        });
        var memory = read('/proc/meminfo'), total = number(field(memory, 'MemTotal', ':'));
        var free = number(field(memory, 'MemAvailable', ':') || field(memory, 'MemFree', ':'));
        reply(m, {
            cpu: { total: used[0] || 0, cpus: used.slice(1) },
            memory: { total: total, free: free, percentFree: total ? free * 100 / total : 0, percentConsumed: total ? (total - free) * 100 / total : 0 },
            thermals: temperatures()
        });
    });
}
