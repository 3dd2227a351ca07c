// ---- commands in the shell ----

// Runs a shell and calls done(text, exit code or null, note). The output has a cap, the time has one. `options` are
// those of `execFile` (another environment, another user), and `input`: what it reads.
function collect(argv, most, longest, done, options) {
    var child = options ? require('child_process').execFile('/bin/sh', argv, options) : require('child_process').execFile('/bin/sh', argv);
    var chunks = [], kept = 0, dropped = 0, id = ++held.next, news = false, code = null, over = false, note = '';
    held['child' + id] = child;

    function finish() {
        if (over) { return; }
        over = true;
        cancel(clock);
        delete held['child' + id];
        if (dropped) { note += '[cut: ' + dropped + ' more bytes]\n'; }
        done((kept && guard(decode, chunks, kept)) || '', code, note);
    }
    // Output may come after the exit; it is over after a silent moment.
    function settle() {
        news = false;
        after(40, function () { if (news) { settle(); } else { finish(); } });
    }
    var clock = after(longest, function () {
        note += '[ended: it ran for more than ' + Math.round(longest / 1000) + ' s]\n';
        end(child.pid);
        after(1000, finish);
    });
    child.stdout.on('data', function (chunk) {
        news = true;
        var room = Math.min(chunk.length, most - kept);
        dropped += chunk.length - room;
        if (room <= 0) { return; }
        var copy = Buffer.alloc(room);
        chunk.copy(copy, 0, 0, room);
        chunks.push(copy);
        kept += room;
    });
    child.on('exit', function (status, signal) {
        code = signal ? 128 + (SIGNALS[signal] || 0) : typeof status === 'number' ? status : null;
        settle();
    });
    guard(function () {
        if (options && options.input) { child.stdin.write(Buffer.from(options.input)); }
        child.stdin.end();
    });
    return { stop: function () { note += '[stopped]\n'; end(child.pid); after(1000, finish); } };
}

// Bytes to text that may be sent. MeshAgent's Buffers end their text at a NUL and pass on bytes that are no UTF-8,
// which would end the connection; engines that have `indexOf` replace such bytes themselves.
function decode(chunks, length) {
    var all = Buffer.concat(chunks, length), at = 0;
    if (all.indexOf) {
        while ((at = all.indexOf(0, at)) >= 0) { all[at] = 0x20; }
        return all.toString();
    }
    while (at < length) {
        var c = all[at], second = all[at + 1];
        var more = c < 0x80 ? 0 : c < 0xC2 ? -1 : c < 0xE0 ? 1 : c < 0xF0 ? 2 : c < 0xF5 ? 3 : -1;
        var good = c !== 0 && more >= 0 && at + more < length &&
            !(c === 0xE0 && second < 0xA0) && !(c === 0xED && second > 0x9F) &&
            !(c === 0xF0 && second < 0x90) && !(c === 0xF4 && second > 0x8F);
        for (var i = 1; good && i <= more; i++) { good = (all[at + i] & 0xC0) === 0x80; }
        if (!good) { all[at] = c ? 0x3F : 0x20; more = 0; }
        at += 1 + more;
    }
    return all.toString();
}

function enqueue(job) {
    if (queue.length >= MAX_WAITING) {
        job.done('Too many commands wait already (' + MAX_WAITING + '); try again later.', null, '');
        return;
    }
    queue.push(job);
    next();
}

function next() {
    if (running || !queue.length) { return; }
    running = queue.shift();
    var job = running;
    function done(text, code, note) {
        running = null;
        guard(function () { job.done(text, code, note); });
        next();
    }
    // Both outputs in one, in the order in which they were written.
    try {
        var argv = job.person ? ['sh', '-c', 'exec 2>&1\nexec su -s /bin/sh -c "$1" "$2"', 'sh', job.commands, job.person] :
            ['sh', '-c', 'exec 2>&1\n' + job.commands];
        job.child = collect(argv, MAX_OUTPUT, MAX_COMMAND_MS, done);
    } catch (e) {
        done('The shell could not be started: ' + e, null, '');
    }
}

function runCommands(m) {
    function answer(result, code) {
        if (!m.reply) { return; }
        var message = { action: 'msg', type: 'runcommands', result: result, responseid: m.responseid };
        if (typeof code === 'number') { message.exitcode = code; }
        if (m.sessionid) { message.sessionid = m.sessionid; }
        agent.SendCommand(message);
    }
    if (typeof m.cmds !== 'string' || !m.cmds) { answer('There is no command to run.', 127); return; }
    if (m.type === 4) {
        line(m.cmds, function (text) { answer(text, 0); });
    } else if (m.type !== 0 && m.type !== 3) {
        answer('This core runs commands of type 3 (/bin/sh) and 4 (console).', 126);
    } else {
        // 1: as the person who is logged in, if somebody is; 2: as nobody else.
        var person = m.runAsUser && isRoot() ? people()[0] : '';
        if (m.runAsUser === 2 && !person && isRoot()) { answer('Nobody is logged in whose user the commands could run as.', 126); return; }
        enqueue({
            commands: m.cmds, person: person,
            done: function (text, code, note) { answer(joined(text, note), code); }
        });
    }
}

function joined(text, note) {
    return note ? text + (text && text.charAt(text.length - 1) !== '\n' ? '\n' : '') + note : text;
}
