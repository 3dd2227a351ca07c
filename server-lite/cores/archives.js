// ---- archives ----
//
// Both agents bring a module for each direction; what they say on the way is what MeshCentral's page shows.

var PROGRESS_MS = 1000;

function dialog(session, message) {
    message.action = 'dialogmessage';
    if (!session.over) { session.send(message); }
}

function packFiles(session, m) {
    var folder = pathOf(m.path), paths = namesOf(m.files, folder), output = typeof m.output === 'string' && m.output.charAt(0) === '/' ?
        pathOf(m.output) : below(folder, m.output), last = 0, over = false, id = 'zip' + (++held.next);
    if (session.zip) { throw new Error('an archive is being made already'); }
    paths.forEach(function (path) { if (!statOf(path)) { throw new Error('there is no ' + cut(path, 200)); } });
    var archive = require('zip-writer').write({ files: paths, basePath: folder });
    var target = fs.createWriteStream(output, { flags: 'wb' });
    held[id] = [archive, target];
    function finish(why) {
        if (over) { return; }
        over = true;
        session.zip = null;
        after(1000, function () { delete held[id]; });
        dialog(session, { msg: null });
        if (why) { try { fs.unlinkSync(output); } catch (e) { /* not there */ } }
        fileDone(session, m, why);
        if (!session.over) { session.send({ action: 'refresh' }); }
    }
    session.zip = {
        stop: function () { try { archive.cancel(function () { finish('it was cancelled'); }); } catch (e) { finish('it was cancelled'); } }
    };
    dialog(session, { msg: 'zipping' });
    archive.on('progress', function (name, percent) {
        var now = Date.now();
        if (now >= last && now - last < PROGRESS_MS) { return; }
        last = now;
        dialog(session, { msg: 'zippingFile', file: String(name), progress: percent });
    });
    archive.on('error', function (e) { finish(lastError(e)); });
    target.on('close', function () { finish(''); });
    archive.pipe(target);
}

function unpackFiles(session, m) {
    var input = pathOf(m.input), dest = pathOf(m.dest), id = 'zip' + (++held.next), reader = require('zip-reader');
    function finish(why) {
        if (!held[id]) { return; }
        delete held[id];
        dialog(session, why ? { msg: 'unziperror', error: why } : { msg: null });
        fileDone(session, m, why);
        if (!session.over) { session.send({ action: 'refresh' }); }
    }
    dialog(session, { msg: 'unzipping' });
    held[id] = true;
    if (!statOf(input) || !reader.isZip(input)) { finish('that is no archive'); return; }
    held[id] = reader.read(input);
    held[id].then(function (archive) {
        var names = archive.files || [];
        for (var i = 0; i < names.length; i++) {
            // A name that leads out of the folder would put files anywhere on the device.
            if (/^\/|(^|\/)\.\.(\/|$)/.test(String(names[i]))) { finish('the archive leads out of its folder: ' + cut(String(names[i]), 200)); return; }
        }
        held[id] = archive.extractAll(dest);
        held[id].then(function () { finish(''); }, function (e) { finish(lastError(e)); });
    }, function (e) { finish(lastError(e)); });
}
