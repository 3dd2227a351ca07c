// ---- files to the device ----
//
// A new name grows in place, as MeshCentral's clients expect: they see how far an interrupted upload came and go on
// with `append`. A file that is there is replaced only when the new one is whole (`size` bytes, or `uploaddone`): until
// then its bytes go beside it. Where links cannot be recognised (MeshAgent), or the name is one, it is written in place.

var HASH_STEP = 1 << 18;                // bytes hashed in one turn

function uploadStart(session, m) {
    uploadLeft(session);
    var up = { reqid: m.reqid, path: '', part: '', fd: null, size: -1, got: 0, fresh: false, whole: false, mode: m.mode, mtime: m.mtime };
    try {
        up.path = m.name === undefined || m.name === null ? pathOf(m.path) : below(pathOf(m.path), m.name);
        if (Number(m.size) >= 0 && m.append !== true) { up.size = Number(m.size); }
        var old = statOf(up.path);
        if (old && !old.isFile()) { throw new Error('that is no plain file'); }
        up.fresh = !old;
        // What is to have certain bits in the end is nobody else's to read while it grows; `keepLook` sets the rest.
        var hidden = nodefs && typeof m.mode === 'number' && m.mode >= 0 && m.append !== true && !isLink(up.path);
        if (old && m.append !== true && nodefs && !isLink(up.path)) {
            up.part = partName(up.path);
            up.fd = nodefs.openSync(up.part, 'wx', hidden ? 384 : old.mode & 511);
            // As the file that it replaces; who may not give it away keeps it.
            try { nodefs.fchownSync(up.fd, old.uid, old.gid); if (!hidden) { nodefs.fchmodSync(up.fd, old.mode & 4095); } } catch (e) { /* its own */ }
        } else {
            up.fd = hidden ? nodefs.openSync(up.path, 'w', 384) : fs.openSync(up.path, m.append === true ? 'ab' : 'wb');
        }
    } catch (e) {
        session.send({ action: 'uploaderror', reqid: m.reqid, error: lastError(e) });
        return;
    }
    session.upload = up;
    session.send({ action: 'uploadstart', reqid: up.reqid });
    if (up.size === 0) { uploadWhole(session, up); }
}

function partName(path) {
    var at = path.lastIndexOf('/') + 1, n = 0, name;
    do { name = path.substring(0, at) + '.' + path.substring(at).substring(0, 100) + '.part' + (n || ''); } while (nodefs.existsSync(name) && ++n < 1000);
    return name;
}

// A block may have a zero in front that is not part of it, so that data never look like a command.
function uploadBlock(session, bytes) {
    var up = session.upload, from = bytes.length && bytes[0] === 0 ? 1 : 0;
    if (up.whole) { uploadFailed(session, 'more bytes came than were announced'); return; }
    try {
        for (var at = from; at < bytes.length;) {
            var wrote = fs.writeSync(up.fd, bytes, at, bytes.length - at);
            if (typeof wrote !== 'number') { wrote = bytes.length - at; }
            if (wrote <= 0) { throw new Error('the disk took no more'); }
            at += wrote;
        }
    } catch (e) { uploadFailed(session, e); return; }
    up.got += bytes.length - from;
    // A client that is content with its last acknowledgement finds the whole file.
    if (up.size > 0 && up.got >= up.size && !uploadWhole(session, up)) { return; }
    session.send({ action: 'uploadack', reqid: up.reqid });
}

// Permission bits and time of the original, as our own clients send them; never the bits that lend an owner's rights.
function keepLook(up) {
    var path = up.part || up.path;
    if (!nodefs || isLink(path)) { return; }
    try {
        if (typeof up.mode === 'number' && up.mode >= 0) { nodefs.chmodSync(path, up.mode & 511); }
        if (typeof up.mtime === 'number' && up.mtime > 0) { nodefs.utimesSync(path, up.mtime, up.mtime); }
    } catch (e) { /* the file is whole all the same */ }
}

// All bytes are there: a file in the place of another takes it now. False when it failed.
function uploadWhole(session, up) {
    if (up.whole) { return true; }
    up.whole = true;
    closeFile(up.fd);
    up.fd = null;
    keepLook(up);
    if (!up.part) { return true; }
    try { fs.renameSync(up.part, up.path); up.part = ''; return true; } catch (e) { uploadFailed(session, e); return false; }
}

function uploadFailed(session, e) {
    var up = session.upload;
    session.upload = null;
    closeFile(up.fd);
    // A full disk must not stay full; what was there before is not touched.
    if (up.part || (up.fresh && !up.whole)) { try { fs.unlinkSync(up.part || up.path); } catch (again) { /* not there */ } }
    session.send({ action: 'uploaderror', reqid: up.reqid, error: lastError(e) });
}

function uploadDone(session, m) {
    var up = session.upload;
    if (!up) { return; }
    if (!uploadWhole(session, up)) { return; }
    session.upload = null;
    session.send({ action: 'uploaddone', reqid: m.reqid === undefined ? up.reqid : m.reqid });
}

function uploadCancel(session, m) {
    var up = session.upload;
    session.upload = null;
    if (up) {
        closeFile(up.fd);
        if (up.part || up.fresh) { try { fs.unlinkSync(up.part || up.path); } catch (e) { /* gone already */ } }
    }
    session.send({ action: 'uploadcancel', reqid: m.reqid === undefined && up ? up.reqid : m.reqid });
}

// The session ended, or another upload begins. A client that is content leaves without a word; a part of a file that
// was to take another's place goes, unless nobody said how long it would be.
function uploadLeft(session) {
    var up = session.upload;
    session.upload = null;
    if (!up) { return; }
    closeFile(up.fd);
    if (!up.part) { return; }
    try { if (up.size < 0) { fs.renameSync(up.part, up.path); } else { fs.unlinkSync(up.part); } } catch (e) { /* gone already */ }
}

function closeFile(fd) {
    try { if (fd !== null) { fs.closeSync(fd); } } catch (e) { /* closed already */ }
}

// What a client compares before it goes on with an upload, or shows after one.
function hashFile(session, m) {
    var answer = {}, fd = null, hash;
    for (var key in m) { answer[key] = m[key]; }
    function finish(text) { closeFile(fd); answer.hash = text; if (!session.over) { session.send(answer); } }
    try {
        var path = m.name === undefined || m.name === null ? pathOf(m.path) : below(pathOf(m.path), m.name), info = statOf(path);
        if (!info || !info.isFile()) { finish(null); return; }
        fd = fs.openSync(path, 'rb');
        hash = require('SHA384Stream').create();
    } catch (e) { finish(null); return; }
    var id = 'hash' + (++held.next), buffer = Buffer.alloc(HASH_STEP);
    held[id] = hash;
    hash.on('hash', function (digest) { delete held[id]; finish(digest.toString('hex').toUpperCase()); });
    function step() {
        if (session.over) { delete held[id]; closeFile(fd); return; }
        try {
            var count = fs.readSync(fd, buffer, 0, HASH_STEP, null);
            if (count > 0) { hash.write(count === HASH_STEP ? buffer : buffer.slice(0, count)); after(0, step); } else { hash.end(); }
        } catch (e) { delete held[id]; finish(null); }
    }
    step();
}
