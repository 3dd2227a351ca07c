/*
 * The core that the server pushes by default: it describes the device, answers the console, runs commands and
 * is the device's end of terminals, files and relays.
 * It runs in meshlite-agent and in MeshAgent (Duktape 2.6), so it is ES5 and uses what both have. Timers and
 * children are kept in `held`: MeshAgent collects what nobody holds, and a collected timer never fires.
 */
(function () {
var NAME = 'Meshlite core', VERSION = '0.2.0';
var agent = require('MeshAgent'), fs = require('fs'), os = require('os');

var DESKTOP = 1, TERMINAL = 2, FILES = 4, CONSOLE = 8, SCRIPT = 16;     // capability bits; the rights a console line needs have the same numbers
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
var features = { desktop: false };      // what this core can beyond MeshCentral's, for the server and the operator's tools

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

// Up to so many bytes of a file, or null. Read piece by piece: MeshAgent's `readFileSync` never ends when a file of /proc
// loses its process between opening and reading.
var MAX_READ = 1 << 20;
var piece = Buffer.alloc(16384);

function bytesOf(path, most) {
    var fd = null, parts = [], length = 0;
    try {
        fd = fs.openSync(path, 'rb');
        for (;;) {
            var count = fs.readSync(fd, piece, 0, Math.min(piece.length, most - length), null);
            if (!(count > 0)) { break; }
            var part = Buffer.alloc(count);
            piece.copy(part, 0, 0, count);
            parts.push(part);
            length += count;
            if (length >= most) { break; }
        }
    } catch (e) { parts = null; }
    if (fd !== null) { try { fs.closeSync(fd); } catch (again) { /* closed already */ } }
    return parts && (parts.length === 1 ? parts[0] : Buffer.concat(parts, length));
}

function read(path) {
    var bytes = bytesOf(path, MAX_READ);
    return bytes && bytes.length ? trim(bytes.toString()) : '';  // an empty Buffer's text is null in MeshAgent
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
