// ---- what the server is told ----

// Sends a report unless this connection has had the same one.
function tell(message) {
    var text = JSON.stringify(message);
    if (sent[message.action] === text) { return; }
    sent[message.action] = text;
    agent.SendCommand(message);
}

function coreInfo() {
    features.desktop = desktopFound();
    tell({
        action: 'coreinfo', value: NAME + ' ' + VERSION, caps: (features.desktop ? DESKTOP : 0) | TERMINAL | FILES | CONSOLE | SCRIPT, osdesc: system(), root: isRoot(),
        users: people(), name: hostName(), lastbootuptime: bootTime(), meshlite: features
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
    tellSessions();
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
