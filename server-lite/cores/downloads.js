// ---- files from the device ----

var BLOCK = 16380;                      // bytes of a file in a block; the last one is shorter, possibly empty
var WINDOW = 8, MAX_WINDOW = 64;        // blocks on their way; a client acknowledges each
var MAX_ENDLESS = 64 << 20;             // bytes of a file that says it is empty, as those of /proc do

function openPlain(path) {
    var info = statOf(path);
    if (!info) { throw new Error('there is no such file'); }
    // A pipe would hold up the device, and a disk never ends.
    if (!info.isFile()) { throw new Error('that is no plain file'); }
    return { fd: fs.openSync(path, 'rb'), size: info.size, at: 0 };
}

// The next bytes of a file, as many as asked for unless it ends: it may have grown, and shrunk, since it was opened.
function readBlock(file, buffer, from, most) {
    var room = Math.min(most, (file.size || MAX_ENDLESS) - file.at), got = 0;
    while (got < room) {
        var count = fs.readSync(file.fd, buffer, from + got, room - got, file.at + got);
        if (!(count > 0)) { break; }
        got += count;
    }
    file.at += got;
    return got;
}

function sameId(a, b) { return JSON.stringify(a) === JSON.stringify(b); }

function downloadCommand(session, m) {
    var down = session.download;
    if (m.sub === 'start') {
        downloadEnd(session);
        try {
            if (m.ask !== undefined) { throw new Error('there is nothing of that kind'); }
            var file = openPlain(pathOf(m.path));
            // Going on where an interrupted download ended is ours; others begin at the beginning.
            if (Number(m.offset) > 0) { file.at = Math.min(Math.floor(Number(m.offset)), file.size); }
            session.download = { id: m.id, file: file, credit: 0, ended: false };
            session.sendText({ action: 'download', sub: 'start', id: m.id, size: file.size, offset: file.at });
        } catch (e) {
            session.sendText({ action: 'download', sub: 'cancel', id: m.id, error: lastError(e) });
        }
        return;
    }
    if (!down || !sameId(m.id, down.id)) { return; }
    switch (m.sub) {
        case 'startack': down.credit = within(m.ack, 1, MAX_WINDOW, WINDOW); downloadMore(session); break;
        case 'ack': down.credit = Math.min(down.credit + 1, MAX_WINDOW); downloadMore(session); break;
        case 'stop': downloadEnd(session); break;
    }
}

function downloadMore(session) {
    var down = session.download, full = false;
    while (down && session.download === down && down.credit > 0 && !full) {
        var block = Buffer.alloc(BLOCK + 4), got;
        try { got = readBlock(down.file, block, 4, BLOCK); } catch (e) {
            session.sendText({ action: 'download', sub: 'cancel', id: down.id, error: lastError(e) });
            downloadEnd(session);
            return;
        }
        block[0] = 1;
        block[3] = got < BLOCK ? 1 : 0;
        down.credit--;
        full = !session.tunnel.send(got < BLOCK ? block.slice(0, got + 4) : block);
        if (got < BLOCK) { downloadEnd(session); }
    }
}

function downloadEnd(session) {
    if (session.download) { closeFile(session.download.file.fd); }
    session.download = null;
}

// Protocol 10: one file, its length first, and nothing else.
function singleFile(tunnel) {
    var file;
    try { file = openPlain(pathOf(tunnel.options.file)); } catch (e) {
        tunnel.sendText(JSON.stringify({ op: 'cancel' }));
        tunnel.close(lastError(e));
        return;
    }
    tunnel.onclose = function () { closeFile(file.fd); file = null; };
    tunnel.ondrain = more;
    tunnel.sendText(JSON.stringify({ op: 'ok', size: file.size }));
    function more() {
        try {
            while (file && file.at < file.size) {
                var block = Buffer.alloc(BLOCK), got = readBlock(file, block, 0, BLOCK);
                if (!got) { tunnel.close('the file has become shorter'); return; }
                if (!tunnel.send(got < BLOCK ? block.slice(0, got) : block)) { return; }
            }
        } catch (e) { tunnel.close(lastError(e)); }
    }
    more();
}

sessionKinds[10] = singleFile;
