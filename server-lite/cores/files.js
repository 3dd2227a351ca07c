// ---- files ----
//
// Commands are JSON in either frame type, answers are JSON in binary frames; only the start and the end of a download
// are texts. MeshCentral's clients get no answer to what changes something and list the folder anew; so who gives a
// `reqid` gets `{action:'done',of,reqid}`, and whoever asked gets `{action:'error',of,reqid?,error}` when it failed:
// both are passed over by clients that do not know them (they have no `path`).

var MAX_REQUEST = 1 << 20;              // bytes of a command: lists of names can be long
var MAX_ENTRIES = 20000;                // of a folder in one answer
var MAX_LISTING = 3584 * 1024;          // bytes of them, at most: a frame may have 4 MiB
var LIST_STEP = 400;                    // entries looked at in one turn
var MAX_FOUND = 10000;                  // results of a search
var MAX_TREE_MS = 3600000;              // copying, moving, removing

// Only meshlite-agent has Node's own module; without it links cannot be told from what they lead to.
var nodefs = null;
try { nodefs = require('node:fs'); } catch (e) { nodefs = null; }

function lastError(e) { return cut(trim(e && e.message ? e.message : e), 300); }

function pathOf(text) {
    if (typeof text !== 'string' || text.length > 4096 || text.indexOf('\0') >= 0) { throw new Error('that is no path'); }
    return text.charAt(0) === '/' ? text : '/' + text;
}

// A name in a folder; nothing that leads out of it.
function below(folder, name) {
    if (typeof name !== 'string' || !name || name.length > 1024 || name === '.' || name === '..' || /[\/\0]/.test(name)) {
        throw new Error('that is no name of a file');
    }
    return (folder.charAt(folder.length - 1) === '/' ? folder : folder + '/') + name;
}

function namesOf(list, folder) {
    if (!(list instanceof Array) || !list.length) { throw new Error('there are no names'); }
    return list.map(function (name) { return below(folder, name); });
}

function statOf(path) { try { return fs.statSync(path); } catch (e) { return null; } }

function isLink(path) {
    try { return nodefs.lstatSync(path).isSymbolicLink(); } catch (e) { return false; }
}

// A file that takes another's place has its owner, and its permission bits unless others are wanted. Who may not give a
// file away keeps it.
function lookAs(path, old, mode) {
    var info = statOf(path);
    if (!info || !info.isFile() || isLink(path)) { return; }
    try { if (info.uid !== old.uid || info.gid !== old.gid) { fs.chownSync(path, old.uid, old.gid); } } catch (e) { /* its own */ }
    try { fs.chmodSync(path, (typeof mode === 'number' && mode >= 0 ? mode : old.mode) & 511); } catch (e) { /* as it is */ }
}

function files(tunnel) {
    var session = { tunnel: tunnel, upload: null, download: null, find: null, zip: null, over: false };
    session.send = function (message) { return tunnel.send(Buffer.from(JSON.stringify(message))); };
    session.sendText = function (message) { return tunnel.sendText(JSON.stringify(message)); };

    function request(text) {
        var message = null;
        try { message = JSON.parse(text); } catch (e) { return; }
        if (!message || typeof message !== 'object' || typeof message.action !== 'string') { return; }
        var act = Object.prototype.hasOwnProperty.call(fileActions, message.action) ? fileActions[message.action] : null;
        if (!act) { return; }
        try {
            // What answers later or in its own way gives back nothing.
            if (act(session, message) === true) { fileDone(session, message, ''); }
        } catch (e) { fileDone(session, message, lastError(e)); }
    }
    tunnel.ontext = function (text) { if (text.length <= MAX_REQUEST) { request(text); } };
    tunnel.onbinary = function (bytes) {
        if (bytes.length && bytes[0] === 123) {
            if (bytes.length <= MAX_REQUEST) { request(decode([copyOf(bytes)], bytes.length)); }
        } else if (session.upload) {
            uploadBlock(session, bytes);
        }
    };
    tunnel.ondrain = function () {
        if (session.download) { downloadMore(session); }
        if (session.find) { session.find.drained(); }
    };
    tunnel.onclose = function () {
        session.over = true;
        uploadLeft(session);
        downloadEnd(session);
        if (session.find) { session.find.stop(); }
        if (session.zip) { session.zip.stop(); }
    };
}

function fileDone(session, message, why) {
    if (session.over) { return; }
    var answer = { action: why ? 'error' : 'done', of: message.action };
    if (message.reqid !== undefined) { answer.reqid = message.reqid; }
    if (why) { answer.error = why; } else if (message.reqid === undefined) { return; }
    session.send(answer);
}

// Runs a program that walks through trees: it knows links, other file systems and what goes wrong on the way.
function walk(session, message, argv) {
    collect(['sh', '-c', 'exec 2>&1 </dev/null; exec "$@"', 'sh'].concat(argv), 4096, MAX_TREE_MS, function (text, code, note) {
        fileDone(session, message, code === 0 ? '' : cut(trim(joined(text, note)) || argv[0] + ' ended with ' + code, 500));
    });
}

function listFolder(session, m) {
    var path = m.path === '' ? '/' : pathOf(m.path), at = 0, entries = [], size = 0, cutOff = 0;
    var prefix = path.charAt(path.length - 1) === '/' ? path : path + '/', info = statOf(path), names = null;
    if (info && info.isDirectory()) { try { names = fs.readdirSync(path); } catch (e) { names = null; } }
    // MeshAgent gives an empty list for a folder that it may not read.
    if (names && !names.length && !isRoot() && !mayRead(path)) { names = null; }
    if (!names) { session.send({ path: m.path, dir: null, reqid: m.reqid }); return; }
    names.sort();
    function step() {
        if (session.over) { return; }
        for (var n = 0; n < LIST_STEP && at < names.length; n++, at++) {
            var name = names[at], entry;
            if (name === '.' || name === '..') { continue; }
            if (entries.length >= MAX_ENTRIES || size > MAX_LISTING) { cutOff = names.length - at; at = names.length; break; }
            entry = listEntry(prefix + name, readable(name));
            entries.push(entry);
            // A character has up to three bytes in UTF-8, and some are escaped; the rest is the entry's other fields.
            size += 3 * JSON.stringify(entry.n).length + 80;
        }
        if (at < names.length) { after(0, step); return; }
        var answer = { path: m.path, dir: entries, reqid: m.reqid };
        if (cutOff) { answer.more = cutOff; }
        session.send(answer);
    }
    step();
}

// A name as text. meshlite-agent has replaced bytes that are no UTF-8; MeshAgent's texts keep them and break later.
// Such a file is shown, and cannot be asked for by that name.
function readable(name) {
    if (nodefs) { return name; }
    for (var i = 0, text = '', c; i < name.length; i++) {
        c = name.charCodeAt(i);
        text += c === 0xFFFD ? '?' : String.fromCharCode(c);
    }
    return text;
}

function listEntry(path, name) {
    var info = statOf(path), entry = { n: name, t: 3 };
    if (info) {
        var time = String(info.mtime);
        if (info.isDirectory()) { entry.t = 2; } else { entry.s = info.size; }
        if (/^\d{4}-/.test(time)) { entry.d = time; }
        if (typeof info.mode === 'number') { entry.m = info.mode & 4095; }
    }
    return entry;
}

function mayRead(path) {
    try { fs.closeSync(fs.openSync(path, 'rb')); return true; } catch (e) { return false; }
}

// Looks below a folder for names; `*` and `?` are wild, a text without them may stand anywhere in the name.
function findFiles(session, m) {
    var path = m.path === '' ? '/' : pathOf(m.path), filter = String(m.filter || '');
    if (session.find) { session.find.stop(); }
    if (!filter || filter.length > 255 || filter.indexOf('/') >= 0) { session.send({ action: 'findfile', r: null, reqid: m.reqid }); return; }
    var pattern = filter.replace(/[\\\[\]]/g, '\\$&');
    if (!/[*?]/.test(filter)) { pattern = '*' + pattern + '*'; }
    var prefix = path === '/' ? '/' : path.replace(/\/+$/, '') + '/';
    var child = require('child_process').execFile('/bin/sh', ['sh', '-c',
        'exec find "$1" \\( -path /proc -o -path /sys \\) -prune -o -iname "$2" -print0 2>/dev/null', 'sh', prefix, pattern]);
    var id = 'child' + (++held.next), rest = [], restBytes = 0, found = 0, over = false, news = false;
    held[id] = child;
    var search = {
        stop: function () {
            if (over) { return; }
            over = true;
            try { process.kill(child.pid, SIGNALS.SIGKILL); } catch (e) { /* gone already */ }
            finish();
        },
        drained: function () { if (!over) { child.stdout.resume(); } }
    };
    session.find = search;
    function finish() {
        delete held[id];
        if (session.find === search) { session.find = null; }
        if (!session.over) { session.send({ action: 'findfile', r: null, reqid: m.reqid }); }
    }
    child.stdout.on('data', function (chunk) {
        news = true;
        for (var i = 0, from = 0; i < chunk.length && !over; i++) {
            if (chunk[i] !== 0) { continue; }
            rest.push(copyOf(chunk.slice(from, i)));
            restBytes += i - from;
            from = i + 1;
            var name = restBytes ? decode(rest, restBytes) : '';
            rest = [];
            restBytes = 0;
            if (name.substring(0, prefix.length) === prefix) { name = name.substring(prefix.length); }
            if (!name) { continue; }
            if (!session.send({ action: 'findfile', r: name, reqid: m.reqid })) { child.stdout.pause(); }
            if (++found >= MAX_FOUND) { search.stop(); }
        }
        if (!over && from < chunk.length && restBytes < 8192) {
            rest.push(copyOf(chunk.slice(from)));
            restBytes += chunk.length - from;
        }
    });
    child.on('exit', function () {
        function settle() {
            news = false;
            after(SILENT_MS, function () {
                if (over) { return; }
                if (news) { settle(); return; }
                over = true;
                finish();
            });
        }
        settle();
    });
}

var fileActions = {
    ls: listFolder,
    mkdir: function (session, m) {
        var path = pathOf(m.path);
        if (statOf(path)) { throw new Error('it exists already'); }
        fs.mkdirSync(path);
        if (!statOf(path)) { throw new Error('the folder could not be made'); }
        return true;
    },
    rm: function (session, m) {
        var paths = namesOf(m.delfiles, pathOf(m.path));
        if (m.rec === true) { walk(session, m, ['rm', '-rf', '--'].concat(paths)); return false; }
        paths.forEach(function (path) { fs.unlinkSync(path); });
        return true;
    },
    rename: function (session, m) {
        var folder = pathOf(m.path), from = below(folder, m.oldname), to = below(folder, m.newname);
        var old = to === from ? null : statOf(to);
        if (to !== from && (old || isLink(to)) && m.replace !== true) { throw new Error('that name is taken'); }
        if (old && !old.isFile()) { throw new Error('that is no plain file'); }
        if (old && !isLink(to)) { lookAs(from, old, m.mode); }
        fs.renameSync(from, to);
        if ((!statOf(to) && !isLink(to)) || (to !== from && (statOf(from) || isLink(from)))) { throw new Error('it could not be renamed'); }
        return true;
    },
    copy: function (session, m) {
        walk(session, m, ['cp', '-a', '--'].concat(namesOf(m.names, pathOf(m.scpath)), [pathOf(m.dspath) + '/']));
    },
    move: function (session, m) {
        walk(session, m, ['mv', '-f', '--'].concat(namesOf(m.names, pathOf(m.scpath)), [pathOf(m.dspath) + '/']));
    },
    findfile: findFiles,
    cancelfindfile: function (session) { if (session.find) { session.find.stop(); } },
    open: function (session, m) {
        var place = desktopPlace(), program = place ? findProgram(['xdg-open', 'gio']) : null, path = pathOf(m.path);
        if (!program) { throw new Error(place ? 'this device has no xdg-open' : 'nobody has a desktop'); }
        onDesktop(place, [program.path].concat(program.name === 'gio' ? ['open', path] : [path]), 30000, function (text, code) {
            fileDone(session, m, code === 0 ? '' : program.name + ' ended with ' + code);
        });
    },
    zip: function (session, m) { packFiles(session, m); },
    unzip: function (session, m) { unpackFiles(session, m); },
    cancel: function (session) { if (session.zip) { session.zip.stop(); } },
    upload: function (session, m) { uploadStart(session, m); },
    uploaddone: function (session, m) { uploadDone(session, m); },
    uploadcancel: function (session, m) { uploadCancel(session, m); },
    uploadhash: function (session, m) { hashFile(session, m); },
    download: function (session, m) { downloadCommand(session, m); }
};

sessionKinds[5] = files;
