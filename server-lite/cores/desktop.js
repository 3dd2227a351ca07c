// ---- desktop ----
//
// The agent brings the screen as a stream of packets (relay specification 7), one for all viewers. Packets go out as
// they are, one in a frame; what viewers send is checked here, because the stream does whatever it is told.

var REFRESH_MS = 2000;                  // at most one whole picture in this time for viewers that fell behind
var MAX_HELD = 128;                     // keys and buttons that one viewer may hold down
var screen = null;                      // { stream, uid, viewers, stopped, refreshed, waiting }

function screenCommand(kind, value) {
    var packet = Buffer.alloc(value === undefined ? 4 : 5);
    packet[0] = 0;
    packet[1] = kind;
    packet[2] = 0;
    packet[3] = packet.length;
    if (value !== undefined) { packet[4] = value; }
    return packet;
}

// Whether there is a screen that could be shown now.
function desktopFound() {
    try { return Boolean(agent.hasKVM) && Boolean(require('monitor-info').kvm_x11_support); } catch (e) { return false; }
}

// What these rights let a viewer do: '' only look, 'limited' no keys that leave what is on the screen, 'full'.
function inputOf(m) {
    if (m.desktopviewonly === true) { return ''; }
    if (m.rights === FULL) { return 'full'; }
    if (!(m.rights & 8) || (m.rights & 0x100)) { return ''; }
    return m.rights & 0x1000 ? 'limited' : 'full';
}

// Whether a viewer may send this command. Keys by their Windows codes: with limited input those of texts.
function mayCommand(input, bytes, at, length) {
    var kind = bytes[at + 1], key = bytes[at + 5];
    switch (bytes[at] ? 0 : kind) {
        case 5: case 6: case 11: case 12: case 13: return true;                     // picture and displays
        case 2: return input !== '';
        case 1: return input === 'full' || (input === 'limited' && length >= 6 && (key === 8 || key === 13 || key === 16 ||
            (key >= 32 && key <= 90) || (key >= 96 && key <= 111) || (key >= 186 && key <= 226)));
        case 85: return input === 'full' || (input === 'limited' && length >= 7 && (bytes[at + 5] !== 0 || bytes[at + 6] >= 32));
        case 10: case 14: case 15: case 17: case 87: return input === 'full';
    }
    return false;
}

// Whose screen this session will see, or null where the agent's own display or the only screen is shown. There is one
// capture for all: whoever comes later sees what is shown already, whatever the operator asked for.
function shownUid(tunnel) {
    if (screen) { return screen.uid; }
    if (typeof tunnel.options.tsid === 'number') { return tunnel.options.tsid; }
    var own = ownUid();
    return own !== 0 || placeFrom(own, process.env) ? null : seatUid();
}

function desktop(tunnel) {
    var uid = shownUid(tunnel);
    // Another session may have begun, or another person sat down, while the question was open.
    if (tunnel.asked !== undefined && tunnel.asked !== uid) {
        tunnel.note('Access denied: another person\'s screen is shown by now.', 2);
        tunnel.close('another screen is shown');
        return;
    }
    var tsid = tunnel.options.tsid, stream = agent.getRemoteDesktopStream(typeof tsid === 'number' ? tsid : null);
    if (!stream) {
        tunnel.note('This device cannot show its screen.', 2);
        tunnel.close('there is no desktop');
        return;
    }
    var viewer = { tunnel: tunnel, input: inputOf(tunnel.request), paused: false, full: false, behind: false, missed: false, lock: false, holds: [] };
    var first = !screen || screen.stream !== stream;
    if (first) { screen = capture(stream, uid); }
    var own = screen;
    own.viewers.push(viewer);
    tellViewers(own);
    // It needs the size and a whole picture, too, also while the others rest.
    if (!first) { pauseScreen(own); refreshScreen(own); flowScreen(own); }

    tunnel.onbinary = function (bytes) { fromViewer(own, viewer, bytes); };
    tunnel.ondrain = function () {
        viewer.full = false;
        if (viewer.behind) {
            viewer.behind = false;
            if (viewer.paused) { viewer.missed = true; } else { refreshScreen(own); }
        }
        flowScreen(own);
    };
    tunnel.oncontrol = function (message) {
        if (viewer.input !== 'full') { return; }
        if (message.type === 'lock') { lockScreen(); }
        if (message.type === 'autolock') { viewer.lock = message.value === true; }
    };
    tunnel.onclose = function () {
        for (var i = 0; i < own.viewers.length; i++) {
            if (own.viewers[i] === viewer) { own.viewers.splice(i, 1); break; }
        }
        releaseHeld(own, viewer);
        if (viewer.lock) { lockScreen(); }
        if (own.viewers.length) {
            tellViewers(own);
            pauseScreen(own);
            flowScreen(own);
        } else {
            endCapture(own);
        }
    };
}

function capture(stream, uid) {
    var own = { stream: stream, uid: uid, pointer: [0, 0, 0, 0], viewers: [], stopped: false, paused: false, refreshed: 0, waiting: 0, over: false, id: 'desktop' + (++held.next) };
    held[own.id] = own;
    stream.on('data', function (packet) {
        if (typeof packet === 'string') { return; }
        for (var i = 0; i < own.viewers.length; i++) {
            var one = own.viewers[i];
            if (one.paused) { one.missed = true; continue; }
            if (one.behind) { continue; }
            // With others watching, who does not keep up misses pictures and gets a whole one later.
            if (one.full && own.viewers.length > 1) { one.behind = true; continue; }
            if (one.tunnel.send(packet) === false) { one.full = true; }
        }
        flowScreen(own);
    });
    stream.on('end', function () {
        own.over = true;
        var viewers = own.viewers.slice(0);
        endCapture(own);
        for (var i = 0; i < viewers.length; i++) { viewers[i].tunnel.close('the screen is gone'); }
    });
    return own;
}

// A lone viewer that does not keep up stops the capture: the next picture is then the newest.
function flowScreen(own) {
    var stop = own.viewers.length === 1 && own.viewers[0].full;
    if (stop === own.stopped || own.over) { return; }
    own.stopped = stop;
    if (stop) { own.stream.pause(); } else { own.stream.resume(); }
}

function endCapture(own) {
    cancel(own.waiting);
    delete held[own.id];
    if (screen === own) { screen = null; }
    if (!own.over) {
        own.over = true;
        guard(function () { own.stream.end(); });
    }
}

function refreshScreen(own) {
    if (own.waiting || own.over) { return; }
    var wait = own.refreshed + REFRESH_MS - Date.now();
    if (wait > 0 && wait <= REFRESH_MS) {
        own.waiting = after(wait, function () { own.waiting = 0; refreshScreen(own); });
        return;
    }
    own.refreshed = Date.now();
    own.stream.write(screenCommand(6));
}

// The capture rests while all viewers do.
function pauseScreen(own) {
    var all = own.viewers.length > 0;
    for (var i = 0; i < own.viewers.length; i++) { all = all && own.viewers[i].paused; }
    if (all === own.paused || own.over) { return; }
    own.paused = all;
    own.stream.write(screenCommand(8, all ? 1 : 0));
}

function fromViewer(own, viewer, bytes) {
    var at = 0;
    while (at + 4 <= bytes.length && !own.over) {
        var length = bytes[at + 2] * 256 + bytes[at + 3];
        if (length < 4 || at + length > bytes.length) { return; }
        if (bytes[at] === 0 && bytes[at + 1] === 8 && length >= 5) {
            viewer.paused = bytes[at + 4] !== 0;
            pauseScreen(own);
            // What it missed while others watched: they may have gone meanwhile.
            if (!viewer.paused && viewer.missed) { viewer.missed = false; refreshScreen(own); }
        } else if (bytes[at] === 0 && bytes[at + 1] === 6 && own.viewers.length > 1) {
            refreshScreen(own);
        } else if (mayCommand(viewer.input, bytes, at, length)) {
            var packet = Buffer.alloc(length);
            bytes.copy(packet, 0, at, at + length);
            own.stream.write(packet);
            noteHeld(own, viewer, packet);
        }
        at += length;
    }
}

// Keeps what a viewer holds down, each with the command that releases it: with others watching, the capture lives on
// without this viewer, and X repeats a key until it is released.
function noteHeld(own, viewer, packet) {
    var kind = packet[1], name = '', down = false, release = null, state = packet[4];
    if (kind === 1 && packet.length >= 6) {
        // 0 pressed, 1 released, of the keys beside the main field 4 and 3.
        if (state !== 0 && state !== 1 && state !== 3 && state !== 4) { return; }
        down = state === 0 || state === 4;
        name = 'key ' + (state > 1) + packet[5];
        release = [0, 1, 0, 6, state > 1 ? 3 : 1, packet[5]];
    } else if (kind === 85 && packet.length >= 7) {
        down = state === 0;
        name = 'character ' + (packet[5] * 256 + packet[6]);
        release = [0, 85, 0, 7, 1, packet[5], packet[6]];
    } else if (kind === 2 && packet.length >= 10) {
        own.pointer = [packet[6], packet[7], packet[8], packet[9]];
        var up = { 2: 4, 4: 4, 8: 16, 16: 16, 32: 64, 64: 64 }[packet[5]];
        if (!up) { return; }
        down = packet[5] !== up;
        name = 'button ' + up;
        // Where the pointer is by then.
        release = [0, 2, 0, 10, 0, up];
    } else {
        return;
    }
    for (var i = viewer.holds.length - 1; i >= 0; i--) { if (viewer.holds[i].name === name) { viewer.holds.splice(i, 1); } }
    if (!down) { return; }
    viewer.holds.push({ name: name, release: release });
    if (viewer.holds.length > MAX_HELD) { releaseOne(own, viewer.holds.shift()); }
}

function releaseOne(own, held) {
    for (var i = 0; i < own.viewers.length; i++) {
        // Somebody else holds it, too.
        for (var j = 0; j < own.viewers[i].holds.length; j++) { if (own.viewers[i].holds[j].name === held.name) { return; } }
    }
    if (!own.over) { own.stream.write(Buffer.from(held.release[1] === 2 ? held.release.concat(own.pointer) : held.release)); }
}

// A viewer has gone; it is no longer among the viewers.
function releaseHeld(own, viewer) {
    while (viewer.holds.length) { releaseOne(own, viewer.holds.shift()); }
}

// Everybody sees who watches.
function tellViewers(own) {
    var text = JSON.stringify({ ctrlChannel: MARK, type: 'metadata', users: counts.kvm });
    for (var i = 0; i < own.viewers.length; i++) { own.viewers[i].tunnel.sendText(text); }
}

function lockScreen() {
    var program = findProgram(['loginctl']);
    if (!program) { return; }
    guard(function () { collect(['sh', '-c', 'exec "$1" lock-sessions', 'sh', program.path], 4096, 10000, function () {}); });
}

sessionKinds[2] = desktop;
