// ---- services ----
//
// systemd, else OpenRC, else the scripts in /etc/init.d. A service is `{ name, displayName, serviceType, status: { state,
// pid? }, startType? }` with the states RUNNING, STOPPED, FAILED, or the system's own word in capitals.

var SERVICE_MS = 60000;

function serviceName(name) {
    if (typeof name !== 'string' || !/^[A-Za-z0-9:_][A-Za-z0-9:_.@\\-]{0,200}$/.test(name)) { throw new Error('that is no name of a service'); }
    return name.replace(/\.service$/, '');
}

function systemdServices(text) {
    var parts = text.split('\n--\n'), starts = {}, list = [];
    (parts[1] || '').split('\n').forEach(function (row) {
        var f = trim(row).split(/\s+/);
        if (f.length > 1) { starts[f[0]] = f[1]; }
    });
    parts[0].split('\n').forEach(function (row) {
        var f = /^[^A-Za-z0-9]*(\S+)\.service\s+(\S+)\s+(\S+)\s+(\S+)\s*(.*)$/.exec(row);
        if (!f || f[2] === 'not-found') { return; }
        var state = f[3] === 'active' ? (f[4] === 'running' ? 'RUNNING' : f[4].toUpperCase()) : f[3] === 'inactive' ? 'STOPPED' : f[3].toUpperCase();
        list.push({ name: f[1], displayName: f[5] || f[1], serviceType: 'systemd', status: { state: state }, startType: starts[f[1] + '.service'] || '' });
    });
    return list;
}

function openrcServices(text) {
    var list = [];
    text.split('\n').forEach(function (row) {
        var f = /^\s*(\S+)\s+\[\s*(\w+)/.exec(row);
        if (f) { list.push({ name: f[1], displayName: f[1], serviceType: 'openrc', status: { state: { started: 'RUNNING', stopped: 'STOPPED', crashed: 'FAILED' }[f[2]] || f[2].toUpperCase() } }); }
    });
    return list;
}

function scriptServices(text) {
    var list = [];
    text.split('\n').forEach(function (row) {
        var f = /^\s*\[\s*([+?-])\s*\]\s+(\S+)/.exec(row);
        if (f) { list.push({ name: f[2], displayName: f[2], serviceType: 'init', status: { state: { '+': 'RUNNING', '-': 'STOPPED' }[f[1]] || 'UNKNOWN' } }); }
    });
    return list;
}

// Who looks after services here, with the shell lines that ask and tell it; the first whose program answers.
var SERVICE_KINDS = [
    { program: 'systemctl', list: 'systemctl list-units --type=service --all --plain --no-legend --no-pager && echo -- && ' +
        'systemctl list-unit-files --type=service --no-legend --no-pager', parse: systemdServices, act: 'systemctl "$2" "$1.service" && ' +
        'systemctl show -p ActiveState,SubState,MainPID "$1.service"' },
    { program: 'rc-status', list: 'rc-status --servicelist', parse: openrcServices, act: 'rc-service "$1" "$2"' },
    { program: 'service', list: 'service --status-all 2>/dev/null', parse: scriptServices, act: 'exec /etc/init.d/"$1" "$2"' }
];

// Calls done(kind, services), or done(null, why).
function listServices(done) {
    var at = 0, why = 'nothing here looks after services: there is no systemctl, rc-status or service';
    function tryNext() {
        while (at < SERVICE_KINDS.length && !findProgram([SERVICE_KINDS[at].program])) { at++; }
        if (at >= SERVICE_KINDS.length) { done(null, why); return; }
        var kind = SERVICE_KINDS[at++];
        collect(['sh', '-c', 'export LC_ALL=C PATH="$PATH:/usr/sbin:/sbin" SYSTEMD_COLORS=0; ' + kind.list], MAX_OUTPUT, SERVICE_MS, function (text, code) {
            var list = code === 0 ? kind.parse(text) : [];
            if (list.length) { done(kind, list); return; }
            why = kind.program + ' gave no list of services';
            tryNext();
        });
    }
    tryNext();
}

function sendServices(m) {
    listServices(function (kind, found) {
        if (kind) { reply(m, { value: JSON.stringify(found) }); } else { reply(m, { value: '[]', error: found }); }
    });
}

function sendService(m) {
    var name;
    try { name = serviceName(m.serviceName); } catch (e) { reply(m, { serviceName: m.serviceName, error: e.message }); return; }
    listServices(function (kind, found) {
        var one = kind ? found.filter(function (service) { return service.name === name; })[0] : null;
        if (one) { reply(m, { serviceName: name, value: JSON.stringify(one) }); } else { reply(m, { serviceName: name, error: kind ? 'there is no such service' : found }); }
    });
}

function actOnService(m) {
    var verb = { serviceStart: 'start', serviceStop: 'stop', serviceRestart: 'restart' }[m.type], name;
    try { name = serviceName(m.serviceName); } catch (e) { reply(m, { serviceName: m.serviceName, success: false, error: e.message }); return; }
    journal(m, 'Service ' + name + ': ' + verb);
    listServices(function (kind, found) {
        if (!kind) { reply(m, { serviceName: name, success: false, error: found }); return; }
        collect(['sh', '-c', 'exec 2>&1; export LC_ALL=C PATH="$PATH:/usr/sbin:/sbin"; ' + kind.act, 'sh', name, verb], 8192, SERVICE_MS, function (text, code, note) {
            var message = { serviceName: name, success: code === 0 };
            if (code !== 0) { message.error = cut(trim(joined(text, note)) || kind.program + ' ended with ' + code, 500); }
            reply(m, message);
        });
    });
}
