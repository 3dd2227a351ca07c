// ---- what the server asks ----

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

function message(m) {
    switch (m.type) {
        case 'console': consoleLine(m); break;
        case 'tunnel': tunnelMessage(m); break;
        case 'endtunnel': endTunnel(m); break;
    }
}

function command(m) {
    if (!m || typeof m !== 'object') { return; }
    switch (m.action) {
        case 'msg': message(m); break;
        case 'runcommands': runCommands(m); break;
        case 'sysinfo': sysInfo(m.hash); break;
        case 'ping': agent.SendCommand({ action: 'pong' }); break;
        case 'poweraction': power(m); break;
    }
}
