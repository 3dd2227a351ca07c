// ---- terminal ----

var MAX_COMMAND = 65536;                // characters of a command that is given
var SILENT_MS = 40;                     // after a shell's end, for output that comes behind it
var HANGUP_MS = 3000;                   // for a shell to end by itself when nobody is there any more
var PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

function exists(path) { return fs.existsSync(path); }

function within(value, least, most, otherwise) {
    var n = Math.floor(Number(value));
    return n >= least && n <= most ? n : otherwise;
}

// `{ name, uid, gid, home, shell }` of a user by name or number, or null.
function account(who) {
    var lines = read('/etc/passwd').split('\n');
    for (var i = 0; i < lines.length; i++) {
        var f = lines[i].split(':');
        if (f.length >= 7 && (f[0] === who || f[2] === String(who))) {
            return { name: f[0], uid: number(f[2]), gid: number(f[3]), home: f[5] || '/', shell: trim(f[6]) };
        }
    }
    return null;
}

function ownUid() {
    var ids = field(read('/proc/self/status'), 'Uid', ':').split(/\s+/);
    return number(ids[1] || ids[0]);
}

function usableShell(path) { return path && !/(nologin|false|true|sync|halt|shutdown)$/.test(path) && exists(path) ? path : ''; }

function terminalEnvironment(one) {
    var from = process.env, env = {}, kept = ['PATH', 'LANG', 'LANGUAGE', 'LC_ALL', 'LC_CTYPE', 'TZ'];
    for (var i = 0; i < kept.length; i++) { if (from[kept[i]]) { env[kept[i]] = from[kept[i]]; } }
    if (!env.PATH) { env.PATH = PATH; }
    if (!env.LANG && !env.LC_ALL) { env.LANG = 'C.UTF-8'; }
    env.TERM = 'xterm-256color';
    env.HISTCONTROL = 'ignoreboth';
    if (one) { env.HOME = one.home; env.USER = env.LOGNAME = one.name; env.SHELL = usableShell(one.shell) || '/bin/sh'; }
    return env;
}

// A command in place of the shell, as our own clients ask for it.
function terminalCommand(options) {
    return typeof options.command === 'string' && options.command.length <= MAX_COMMAND ? options.command : '';
}

// What a terminal runs: `{ argv, env }`, or `{ why }`.
function terminalProgram(tunnel) {
    var own = account(ownUid()), options = tunnel.options, command = terminalCommand(options);
    if (tunnel.protocol === 6 || tunnel.protocol === 9) { return { why: 'PowerShell is for Windows' }; }
    if (options.requireLogin === true) {
        var login = exists('/bin/login') ? '/bin/login' : exists('/usr/bin/login') ? '/usr/bin/login' : '';
        if (!login) { return { why: 'this device has no login program' }; }
        if (!isRoot()) { return { why: 'a login needs an agent that runs as root' }; }
        return { argv: ['sh', '-c', 'exec "$1"', 'sh', login], env: terminalEnvironment(null) };
    }
    if (tunnel.protocol === 8 && isRoot()) {
        var name = typeof options.user === 'string' && options.user ? options.user : people()[0];
        if (!name) { return { why: 'nobody is logged in; name a user' }; }
        var one = /^[A-Za-z0-9_][A-Za-z0-9_.-]*\$?$/.test(name) ? account(name) : null;
        if (!one || one.name !== name) { return { why: 'there is no user ' + cut(String(name), 60) + ' on this device' }; }
        // It sets the groups and the limits, too, which a bare change of the user id does not.
        return command ?
            { argv: ['sh', '-c', 'exec su -l "$1" -c "$2"', 'sh', name, command], env: terminalEnvironment(one) } :
            { argv: ['sh', '-c', 'exec su -l "$1"', 'sh', name], env: terminalEnvironment(one) };
    }
    if (tunnel.protocol === 8 && typeof options.user === 'string' && options.user && (!own || options.user !== own.name)) {
        return { why: 'another user\'s terminal needs an agent that runs as root' };
    }
    var shell = (own && usableShell(own.shell)) || usableShell('/bin/bash') || '/bin/sh';
    var at = 'cd "$HOME" 2>/dev/null || cd /; exec "$1"';
    return command ?
        { argv: ['sh', '-c', at + ' -c "$2"', 'sh', shell, command], env: terminalEnvironment(own) } :
        { argv: ['sh', '-c', at, 'sh', shell], env: terminalEnvironment(own) };
}

function terminal(tunnel) {
    var program = terminalProgram(tunnel), processes = require('child_process');
    if (program.why) {
        tunnel.note('No terminal: ' + program.why + '.', 2);
        tunnel.close(program.why);
        return;
    }
    var env = program.env, id = 'child' + (++held.next), ended = false, news = false, exit = null;
    // With pipes in place of a terminal bytes stay as they are, and errors apart from output.
    var piped = tunnel.options.pty === false && terminalCommand(tunnel.options) !== '';
    env.LINES = String(within(tunnel.options.rows, 1, 1000, 25));
    env.COLUMNS = String(within(tunnel.options.cols, 1, 1000, 80));
    var child = processes.execFile('/bin/sh', program.argv, piped ? { env: env } : { type: processes.SpawnTypes.TERM, env: env });
    held[id] = child;
    var output = pour(child.stdout, tunnel);

    child.stdout.on('data', function () { news = true; });
    if (piped) {
        var drained = tunnel.ondrain;
        tunnel.ondrain = function () { drained(); child.stderr.resume(); };
        child.stderr.on('data', function (bytes) {
            news = true;
            var text = JSON.stringify({ ctrlChannel: MARK, type: 'stderr', data: copyOf(bytes).toString('base64') });
            if (tunnel.sendText(text) === false) { child.stderr.pause(); }
        });
    }
    child.on('exit', function (status, signal) {
        ended = true;
        exit = signal ? 128 + (SIGNALS[signal] || 0) : status;
        // Output may come after the exit; it is over after a silent moment, once the operator's side has it.
        function settle() {
            news = false;
            after(SILENT_MS, function () {
                output.flush();
                if (!tunnel.isOver() && (news || !output.idle())) { settle(); return; }
                delete held[id];
                // Ours learn how it ended; others pass it over.
                if (typeof exit === 'number') { tunnel.sendText(JSON.stringify({ ctrlChannel: MARK, type: 'exit', code: exit })); }
                tunnel.close('the shell ended');
            });
        }
        settle();
    });
    tunnel.onbinary = function (bytes) {
        if (ended) { return; }
        if (child.stdin.write(copyOf(bytes)) === false) { tunnel.pause(); }
    };
    child.stdin.on('drain', function () { tunnel.resume(); });
    tunnel.oncontrol = function (message) {
        var rows = within(message.rows, 1, 1000, 0), cols = within(message.cols, 1, 1000, 0);
        if (message.type === 'termsize' && rows && cols && !ended && !piped) { child.tcsetsize(rows, cols); }
        if (message.type === 'eof' && piped && !ended) { guard(function () { child.stdin.end(); }); }
    };
    tunnel.onclose = function () {
        output.stop();
        if (ended) { return; }
        // Nobody reads any more: a program that waits to write would not see the hang-up.
        guard(function () { child.stdout.resume(); });
        try { process.kill(child.pid, SIGNALS.SIGHUP); } catch (e) { /* gone already */ }
        after(HANGUP_MS, function () {
            if (!ended) { try { process.kill(child.pid, SIGNALS.SIGKILL); } catch (e) { /* gone already */ } }
            after(1000, function () { delete held[id]; });
        });
    };
}

sessionKinds[1] = sessionKinds[6] = sessionKinds[8] = sessionKinds[9] = terminal;
