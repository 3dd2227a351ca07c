// ---- people at the device ----

var MAX_WORDS = 2000;                   // characters that are shown to a person

function lineOf(text) { return cut(String(text === undefined || text === null ? '' : text), MAX_WORDS).replace(/[\x00-\x08\x0b-\x1f\x7f]/g, ' '); }

function findProgram(names) {
    var folders = String(process.env.PATH || PATH).split(':');
    for (var i = 0; i < names.length; i++) {
        for (var j = 0; j < folders.length; j++) {
            if (folders[j] && exists(folders[j] + '/' + names[i])) { return { name: names[i], path: folders[j] + '/' + names[i] }; }
        }
    }
    return null;
}

// The variables of a process: NUL ends each of them, and a text of MeshAgent, too.
function environmentOf(pid) {
    var bytes = bytesOf('/proc/' + pid + '/environ', 262144), all = {};
    if (!bytes || !bytes.length) { return all; }
    for (var i = 0; i < bytes.length; i++) { if (bytes[i] === 0) { bytes[i] = 10; } }
    var lines = decode([bytes], bytes.length).split('\n');
    for (var j = 0; j < lines.length; j++) {
        var at = lines[j].indexOf('=');
        if (at > 0) { all[lines[j].substring(0, at)] = lines[j].substring(at + 1); }
    }
    return all;
}

function ownerOf(pid) { return number(field(read('/proc/' + pid + '/status'), 'Uid', ':')); }

// Greeters and services have displays, too; people come from 1000 on.
function isPerson(uid) { return uid >= 1000 && uid <= 60000; }

// The person at the device's own seat, or null.
function seatUid() {
    try {
        var uid = Number(require('user-sessions').consoleUid());
        return uid >= 0 ? uid : null;
    } catch (e) { return null; }
}

// `{ uid, env }` of a process with these variables, or null when it has no display.
function placeFrom(uid, from) {
    var wanted = ['DISPLAY', 'WAYLAND_DISPLAY', 'XAUTHORITY', 'DBUS_SESSION_BUS_ADDRESS', 'XDG_RUNTIME_DIR', 'HOME', 'USER', 'LANG'];
    if (!from.DISPLAY && !from.WAYLAND_DISPLAY) { return null; }
    var env = { PATH: process.env.PATH || PATH };
    for (var i = 0; i < wanted.length; i++) { if (from[wanted[i]]) { env[wanted[i]] = from[wanted[i]]; } }
    return { uid: uid, env: env };
}

// The desktop of the newest process that has one and whose owner `wanted(uid)` takes; one with a session comes first.
function placeOf(wanted) {
    var names = fs.readdirSync('/proc'), best = null;
    for (var i = names.length - 1; i >= 0; i--) {
        if (!/^\d+$/.test(names[i])) { continue; }
        var uid = ownerOf(names[i]);
        if (!wanted(uid)) { continue; }
        var found = placeFrom(uid, environmentOf(names[i]));
        if (found && found.env.DBUS_SESSION_BUS_ADDRESS) { return found; }
        best = best || found;
    }
    return best;
}

// The person whose X server is the only one here, or null: with several it is not known which of them will be shown.
function onlyScreenOwner() {
    var names = fs.readdirSync('/proc'), owner = null, count = 0;
    for (var i = 0; i < names.length; i++) {
        if (!/^\d+$/.test(names[i]) || !/^(Xorg|Xorg\.bin|X|Xvfb|Xvnc|Xtigervnc|Xwayland)$/.test(read('/proc/' + names[i] + '/comm'))) { continue; }
        owner = ownerOf(names[i]);
        count++;
    }
    return count === 1 && isPerson(owner) ? owner : null;
}

// Whose desktop it is: `{ uid, env }`, or null. With `uid` only that person's. Otherwise one's own display comes first,
// then the person at the seat. With nobody there it is anybody's, unless `sure`: then only that of whose screen would be
// shown, because nobody else may agree to that or have their clipboard read.
function desktopPlace(sure, uid) {
    var own = ownUid(), one = typeof uid === 'number' ? uid : null;
    function isOne(any) { return any === one; }
    var found = one === null || one === own ? placeFrom(own, process.env) : null;
    if (found) { return found; }
    if (own !== 0) {
        if (one !== null && one !== own) { return null; }
        one = own;
    }
    if (one !== null) { return placeOf(isOne); }
    one = seatUid();
    found = one !== null ? placeOf(isOne) : null;
    if (found || !sure) { return found || placeOf(isPerson); }
    one = onlyScreenOwner();
    return one !== null ? placeOf(isOne) : null;
}

// Runs a program on a person's desktop; done(text, exit code, note) as `collect` does.
function onDesktop(place, argv, ms, done, more) {
    var options = { env: place.env };
    if (more && more.input) { options.input = more.input; }
    if (isRoot() && place.uid !== 0) { options.uid = place.uid; }
    return collect(['sh', '-c', 'exec "$@" 2>/dev/null', 'sh'].concat(argv), (more && more.most) || 65536, ms, done, options);
}

// A note that goes away by itself: done('') when it was shown, else with the reason. With `uid` it is for that person.
function toast(title, text, done, uid) {
    title = lineOf(title) || 'Message';
    text = lineOf(text);
    var place = desktopPlace(false, uid), program = place ? findProgram(['notify-send', 'zenity', 'kdialog']) : null;
    if (!program) { wall(title + ': ' + text, place ? 'none of notify-send, zenity and kdialog is installed' : 'nobody has a desktop', done); return; }
    var argv = { 'notify-send': ['--', title, text], kdialog: ['--title', title, '--passivepopup', text, '10'],
        zenity: ['--notification', '--text=' + title + ': ' + text, '--timeout=10'] }[program.name];
    try {
        onDesktop(place, [program.path].concat(argv), 15000, function (out, code) {
            if (code === 0 || code === 5) { done(''); } else { wall(title + ': ' + text, program.name + ' failed', done); }
        });
    } catch (e) { done(String(e)); }
}

// The last resort: a line on every terminal.
function wall(text, why, done) {
    var program = people().length ? findProgram(['wall']) : null;
    if (!program) { done(why + ', and nobody has a terminal'); return; }
    try {
        collect(['sh', '-c', 'printf "%s\\n" "$1" | "$2"', 'sh', text, program.path], 4096, 10000, function (out, code) {
            done(code === 0 ? '' : why + ', and wall failed');
        });
    } catch (e) { done(String(e)); }
}

// Asks yes or no on a desktop, or on none (null): done('yes' | 'no' | 'timeout' | why nobody can be asked). `stop` takes
// the question away.
function askPerson(place, title, text, seconds, done, single) {
    title = lineOf(title) || 'Message';
    text = lineOf(text);
    var over = false, running = null;
    function finish(answer) {
        if (over) { return; }
        over = true;
        cancel(clock);
        guard(done, answer);
    }
    // One tick more than the program's own: it tells a time-out from a refusal.
    var clock = after((seconds + 2) * 1000, function () { if (running) { running.stop(); } finish('timeout'); });
    var program = place ? findProgram(['zenity', 'kdialog', 'xmessage']) : null;
    if (!program) {
        finish(place ? 'none of zenity, kdialog and xmessage is installed' : 'nobody has a desktop');
        return { stop: function () {} };
    }
    var argv;
    if (program.name === 'zenity') {
        var plain = text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');
        argv = [single ? '--info' : '--question', '--title=' + title, '--text=' + plain, '--timeout=' + seconds, '--width=360'];
    } else if (program.name === 'kdialog') {
        argv = ['--title', title, single ? '--msgbox' : '--yesno', text];
    } else {
        argv = ['-title', title, '-timeout', String(seconds), '-center', '-buttons', single ? 'OK:10' : 'Yes:10,No:11', '--', text];
    }
    try {
        running = onDesktop(place, [program.path].concat(argv), (seconds + 5) * 1000, function (out, code) {
            if (program.name === 'xmessage') { finish(code === 10 ? 'yes' : code === 11 ? 'no' : code === 0 ? 'timeout' : 'xmessage failed'); return; }
            finish(code === 0 ? 'yes' : code === 1 ? 'no' : code === 5 ? 'timeout' : program.name + ' failed');
        });
    } catch (e) { finish(String(e)); }
    return { stop: function () { if (running) { running.stop(); } finish('no longer wanted'); } };
}

// `msg/messagebox`: a text with a button; where no dialog can be shown, on the terminals.
function messageBox(m) {
    var title = lineOf(m.title) || 'Message', seconds = Math.max(5, Math.min(3600, number(m.timeout) / (number(m.timeout) > 3600 ? 1000 : 1) || 120));
    journal(m, 'Showing a message: ' + cut(lineOf(m.msg), 200));
    askPerson(desktopPlace(), title, m.msg, seconds, function (answer) {
        if (answer === 'yes' || answer === 'no' || answer === 'timeout') { reply(m, { result: answer === 'timeout' ? 'timeout' : 'closed' }); return; }
        toast(title, m.msg, function (why) {
            reply(m, { result: why ? 'failed' : 'shown', error: why || undefined });
            if (why) { say('The message was not shown: ' + why, m.sessionid); }
        });
    }, true);
}

function toastMessage(m) {
    journal(m, 'Showing a note: ' + cut(lineOf(m.msg), 200));
    toast(m.title, m.msg, function (why) { if (why && m.sessionid) { say('The note was not shown: ' + why, m.sessionid); } });
}

function openUrl(m) {
    var place = desktopPlace(), program = place ? findProgram(['xdg-open', 'x-www-browser', 'firefox', 'chromium']) : null;
    function told(why) {
        var message = { url: m.url, success: !why };
        if (why) { message.error = why; }
        reply(m, message);
    }
    if (typeof m.url !== 'string' || m.url.length > 4096 || !/^https?:\/\/[^\s"'<>]+$/i.test(m.url)) { told('only addresses with http or https are opened'); return; }
    if (!program) { told(place ? 'this device has no browser' : 'nobody has a desktop'); return; }
    journal(m, 'Opening ' + cut(m.url, 300));
    // A browser that stays in the foreground has been opened, too.
    var running = true;
    onDesktop(place, [program.path, m.url], 3600000, function (text, code) { if (running) { running = false; told(code === 0 ? '' : program.name + ' ended with ' + code); } });
    after(3000, function () { if (running) { running = false; told(''); } });
}
