// ---- sessions ----
//
// A session is a link whose first messages said what it is for. `sessionKinds[number](tunnel)` starts one. A tunnel
// is a link with more: `protocol`, `rights`, `userid`, `username`, `remoteaddr`, `options` (what the operator's side
// said first), `request` (what the server said), `note(text, number)` (a line that the operator sees) and
// `oncontrol(message)`. Text that is no control message comes to `ontext`.

var FULL = 4294967295;                  // compared as a whole: it lifts the restrictions that its bits would set
var MARK = '102938';                    // in every control message; some write it as a number
var MAX_CONTROL = 65536;                // characters of a control message
var OPENING_MS = 60000;                 // to say what the session is for

var KINDS = { 1: 'terminal', 2: 'desktop', 5: 'files', 6: 'terminal', 8: 'terminal', 9: 'terminal', 10: 'files' };
var COUNTED = { terminal: 'terminal', desktop: 'kvm', files: 'files', tcp: 'tcp', udp: 'udp' };

var sessionKinds = {};
// Each is asked with (link, m, frame) for the first frame behind the start, and gives back true when it takes the
// link over; it calls `beginSession` with its own link later.
var sessionOpenings = [];
var sessions = {};                      // number -> tunnel, of all kinds
var counts = { terminal: {}, kvm: {}, files: {}, tcp: {}, udp: {} };

// Why these rights do not allow this kind; empty when they do. Without rights in the message the server has decided
// (it leaves them out for single files and relays), but never for what a person works with.
function refusal(kind, protocol, rights) {
    if (rights === FULL) { return ''; }
    if (typeof rights !== 'number') {
        return kind === 'tcp' || kind === 'udp' || protocol === 10 ? '' : 'the server sent no rights';
    }
    var control = (rights & 8) !== 0;
    switch (kind) {
        case 'terminal': return control && !(rights & 0x200) ? '' : 'a terminal needs remote control, without "no terminal"';
        case 'files': return control && !(rights & 0x400) ? '' : 'files need remote control, without "no files"';
        case 'desktop': return (rights & 0x108) && !(rights & 0x10000) ? '' : 'the desktop needs remote control or view only, without "no desktop"';
        case 'tcp': case 'udp': return rights & 0x200008 ? '' : 'a relay needs remote control or relay only';
    }
    return 'there is no such session';
}

function who(m) {
    var name = cut(m.realname || m.username || m.userid || 'somebody', 120);
    return m.guestname ? name + ' (guest ' + cut(m.guestname, 120) + ')' : name;
}

// To the server's events and to the device's own log.
function journal(m, text) {
    text = cut(text, 500);
    agent.SendCommand({
        action: 'log', msg: text, userid: m.userid, username: m.username, sessionid: m.sessionid, remoteaddr: m.remoteaddr
    });
    var own = text.replace(/[^\x20-\x7e]/g, '?') + ' (' + String(m.userid || '?').replace(/[^\x20-\x7e]/g, '?').substring(0, 120) +
        (m.remoteaddr ? ' from ' + String(m.remoteaddr).replace(/[^\x20-\x7e]/g, '?').substring(0, 60) : '') + ')';
    if (typeof agent.log === 'function') { guard(function () { agent.log(own); }); }
}

function countSession(kind, m, step) {
    var type = COUNTED[kind], all = counts[type], key = String(m.userid || 'unknown');
    if (!all) { return; }
    if (m.guestname) { key += '/guest:' + Buffer.from(String(m.guestname)).toString('base64'); }
    all[key] = (all[key] || 0) + step;
    if (all[key] <= 0) { delete all[key]; }
    agent.SendCommand({ action: 'sessions', type: type, value: all });
}

// After a lost control channel the server knows nothing of the sessions that go on.
function tellSessions() {
    for (var type in counts) {
        for (var any in counts[type]) {
            agent.SendCommand({ action: 'sessions', type: type, value: counts[type] });
            break;
        }
    }
}

function tunnelMessage(m) {
    if (m.tcpport !== undefined || m.udpport !== undefined) { forward(m); return; }
    openLink(m, function (link) { awaitStart(link, m); }, function (why) { tunnelFailed(m, why); });
}

function tunnelFailed(m, why) {
    journal(m, 'A session could not start: ' + why);
    if (m.sessionid) { say('The session could not start: ' + why, m.sessionid); }
}

// The relay says `c`, or `cr` when it records, as soon as both sides are there. What comes before is for nobody.
function awaitStart(link, m) {
    var clock = after(OPENING_MS, function () { link.close('nobody came'); });
    link.onclose = function () { cancel(clock); };
    link.ontext = function (text) {
        if (text !== 'c' && text !== 'cr') { return; }
        link.ontext = function (first) { opening(first); };
        link.onbinary = function (first) { opening(first); };
    };
    function opening(first) {
        cancel(clock);
        for (var i = 0; i < sessionOpenings.length; i++) {
            if (sessionOpenings[i](link, m, first)) { return; }
        }
        beginSession(link, m);
        if (typeof first === 'string') { link.ontext(first); } else { link.onbinary(first); }
    }
}

// What is said on a link that has started: options and other control messages, then a number, then the session's own.
function beginSession(link, m) {
    var tunnel = {
        protocol: 0, kind: '', rights: m.rights, userid: m.userid, username: m.username, remoteaddr: m.remoteaddr,
        options: {}, consent: 0, request: m, id: ++held.next, started: 0,
        send: link.send, sendText: link.sendText, pause: link.pause, resume: link.resume, close: link.close,
        isOver: link.isOver, ontext: null, onbinary: null, ondrain: null, onclose: null, oncontrol: null,
        note: function (text, number) {
            var message = { ctrlChannel: MARK, type: 'console', msg: text };
            if (number !== undefined) { message.msgid = number; }
            link.sendText(JSON.stringify(message));
        }
    };
    var clock = after(OPENING_MS, function () { link.close('nobody said what it is for'); });
    sessions[tunnel.id] = tunnel;

    link.onclose = function (why) {
        cancel(clock);
        delete sessions[tunnel.id];
        if (tunnel.started) {
            countSession(tunnel.kind, m, -1);
            journal(m, 'Ended ' + tunnel.kind + ' session after ' + Math.max(0, Math.round((Date.now() - tunnel.started) / 1000)) + ' s');
        }
        if (tunnel.onclose) { guard(tunnel.onclose, why); }
        tunnel.ontext = tunnel.onbinary = tunnel.ondrain = tunnel.onclose = tunnel.oncontrol = null;
    };
    link.ondrain = function () { if (tunnel.ondrain) { tunnel.ondrain(); } };
    link.onbinary = function (bytes) {
        if (tunnel.protocol) { if (tunnel.onbinary) { tunnel.onbinary(bytes); } return; }
        // Nothing binary opens a session, but some write texts so.
        if (bytes.length && bytes.length <= MAX_CONTROL) { link.ontext(bytes.toString()); }
    };
    link.ontext = function (text) {
        var message = null;
        if (text.length > 3 && text.charAt(0) === '{' && (text.length <= MAX_CONTROL || !tunnel.protocol)) {
            try { message = JSON.parse(text); } catch (e) { message = null; }
        }
        if (message && typeof message === 'object' && String(message.ctrlChannel) === MARK) { control(message); return; }
        if (tunnel.protocol) { if (tunnel.ontext) { tunnel.ontext(text); } return; }
        if (text.charAt(0) === '{') { return; }
        var number = parseInt(text, 10);
        if (!(number > 0)) { return; }
        cancel(clock);
        tunnel.protocol = number;
        guard(function () { admit(tunnel); });
    };
    function control(message) {
        switch (message.type) {
            case 'options':
                tunnel.options = message;
                tunnel.consent |= number(message.consent);
                break;
            case 'rtt': link.sendText(JSON.stringify({ ctrlChannel: MARK, type: 'rtt', time: message.time })); break;
            case 'ping': link.sendText(JSON.stringify({ ctrlChannel: MARK, type: 'pong' })); break;
            case 'pong': break;
            case 'close': link.close('the operator closed it'); break;
            default: if (tunnel.oncontrol) { tunnel.oncontrol(message); }
        }
    }
}

function allowedUsage(m, protocol) {
    var usages = m.soptions && m.soptions.usages;
    if (!(usages instanceof Array)) { return true; }
    for (var i = 0; i < usages.length; i++) { if (Number(usages[i]) === protocol) { return true; } }
    return false;
}

// Checks what the operator asked for, asks the person at the device where that is wanted, and starts the session.
function admit(tunnel) {
    var m = tunnel.request, kind = KINDS[tunnel.protocol] || '', start = sessionKinds[tunnel.protocol];
    var why = !allowedUsage(m, tunnel.protocol) ? 'this link is not for that' : kind ? refusal(kind, tunnel.protocol, tunnel.rights) : '';
    if (!why && !start) { why = 'this device has no sessions of kind ' + tunnel.protocol; }
    if (why) {
        journal(m, 'Refused ' + (kind || 'unknown') + ' session to ' + who(m) + ': ' + why);
        tunnel.note('Access denied: ' + why + '.', 2);
        tunnel.close('refused');
        return;
    }
    tunnel.kind = kind;
    // What comes meanwhile waits in the link.
    tunnel.pause();
    withConsent(tunnel, function () {
        if (tunnel.isOver()) { return; }
        tunnel.started = Date.now();
        countSession(kind, m, 1);
        journal(m, 'Started ' + kind + ' session');
        try { start(tunnel); } catch (e) {
            report(e);
            tunnel.note('The session could not start: ' + (e.message || e), 2);
            tunnel.close('it could not start');
            return;
        }
        tunnel.resume();
    });
}

// Ends sessions: with full rights anybody's, otherwise one's own.
function endTunnel(m) {
    var protocol = { kvm: 'desktop', terminal: 'terminal', files: 'files', tcp: 'tcp', udp: 'udp' }[m.protocol];
    if (m.rights !== FULL && m.xuserid !== m.userid) { return; }
    for (var id in sessions) {
        var one = sessions[id], same = one.request.userid === m.xuserid && (one.request.guestname || '') === (m.guestname || '');
        if (same && one.kind === protocol) {
            journal(m, 'Closed a ' + protocol + ' session of ' + who(one.request));
            one.close('ended by ' + who(m));
        }
    }
}
