// ---- what the server asks ----

// 2 off, 3 restart, 4 sleep.
function power(m) {
    if (m.actiontype !== 2 && m.actiontype !== 3 && m.actiontype !== 4) { return; }
    journal(m, { 2: 'Turning off', 3: 'Restarting', 4: 'Going to sleep' }[m.actiontype]);
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

// The answer to a `msg`: to the session that asked, or to nobody.
function reply(m, fields) {
    fields.action = m.action === 'msg' || m.action === undefined ? 'msg' : m.action;
    if (fields.action === 'msg') { fields.type = m.type; }
    fields.sessionid = m.sessionid;
    if (m.tag !== undefined && fields.tag === undefined) { fields.tag = m.tag; }
    if (m.sessionid) { agent.SendCommand(fields); }
}

// Kind of message -> [what it needs one of, who handles it]. The server has asked for the same rights; a core that acts
// for somebody asks twice.
var CONTROL = 8, CHAT = 0x4000, ANY = -1;
var messages = {
    console: [ANY, consoleLine], tunnel: [ANY, tunnelMessage], endtunnel: [ANY, endTunnel],
    ps: [CONTROL, sendProcesses], psinfo: [CONTROL, sendProcess], pskill: [CONTROL, killProcess],
    services: [CONTROL, sendServices], service: [CONTROL, sendService],
    serviceStart: [CONTROL, actOnService], serviceStop: [CONTROL, actOnService], serviceRestart: [CONTROL, actOnService],
    cpuinfo: [CONTROL, sendLoad], getclip: [CONTROL, getClip], setclip: [CONTROL, setClip],
    messagebox: [CONTROL | CHAT, messageBox], openUrl: [CONTROL | CHAT, openUrl],
    userSessions: [CONTROL, function (m) { reply(m, { data: userSessions() }); }]
};

function message(m) {
    var known = Object.prototype.hasOwnProperty.call(messages, m.type) ? messages[m.type] : null;
    if (!known) { return; }
    if (known[0] !== ANY && m.rights !== FULL && !(m.rights & known[0])) {
        journal(m, 'Refused ' + m.type + ' to ' + who(m));
        reply(m, { error: 'Access denied' });
        return;
    }
    known[1](m);
}

function command(m) {
    if (!m || typeof m !== 'object') { return; }
    switch (m.action) {
        case 'msg': message(m); break;
        case 'runcommands': runCommands(m); break;
        case 'sysinfo': sysInfo(m.hash); break;
        case 'ping': agent.SendCommand({ action: 'pong' }); break;
        case 'poweraction': power(m); break;
        case 'toast': toastMessage(m); break;
        case 'openUrl': openUrl(m); break;
        case 'wakeonlan': wake(m); break;
    }
}
