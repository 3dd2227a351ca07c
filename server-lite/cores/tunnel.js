// ---- the way to an operator ----
//
// A link is one WebSocket to the relay. It has `send(buffer)` and `sendText(text)`, which give back false when the
// sender should wait for `ondrain()`; `pause()`, `resume()`, `close(why)`; and calls `ontext(text)`,
// `onbinary(buffer)` (valid during the call only), `ondrain()` and `onclose(why)`, this one once. Whatever wraps a
// link, such as encryption, has the same shape.

var MAX_TUNNELS = 512;                  // of all kinds; the server asks for each of them
var RELAY_MS = 30000;                   // to connect
var MAX_URL = 4096;
var TIDY_MS = 2000;                     // after the last session
var MOURN_MS = 60000;                   // for the other side to give up a socket that was closed

var links = 0;

// Where the relay is: `*/` stands for the agent's own server.
function relayAddress(value) {
    if (typeof value !== 'string' || value.length > MAX_URL) { throw new Error('the tunnel has no usable address'); }
    var url = value;
    if (url.substring(0, 2) === '*/') {
        var own = /^(?:wss|https):\/\/[^\/]+/.exec(String(agent.ServerUrl || ''));
        if (!own) { throw new Error('the agent does not know its own server\'s address'); }
        url = own[0] + url.substring(1);
    }
    if (!/^(?:wss|https):\/\//.test(url)) { throw new Error('the relay is not reached by TLS'); }
    var at = require('http').parseUri(url.replace(/\$/g, '%24').replace(/@/g, '%40'));
    at.protocol = 'wss:';
    return at;
}

function plainHex(text) { return String(text || '').replace(/:/g, '').toUpperCase(); }

// Certificates are not judged by their issuer but by what the server proved on the control channel: the same
// certificate, the same key, or the hash that the server gave along. Nothing of these: refused.
function judge(certificates, hash) {
    var known = agent.ServerInfo ? agent.ServerInfo.ControlChannelCertificate : null;
    var seen = certificates && certificates[0] ? certificates[0] : {};
    var digest = plainHex(seen.digest), key = plainHex(seen.fingerprint);
    return Boolean((digest && known && plainHex(known.digest) === digest) ||
        (key && known && plainHex(known.fingerprint) === key) || (digest && plainHex(hash) === digest));
}

// Opens a link for the message `m`; calls opened(link) or failed(why), one of them once.
function openLink(m, opened, failed) {
    if (links >= MAX_TUNNELS) { failed('this device has ' + links + ' tunnels open already'); return; }
    var at, request, over = false, judged = false, id = 'tunnel' + (++held.next);
    function settle(why) {
        if (over) { return; }
        over = true;
        cancel(clock);
        if (why) {
            links--;
            delete held[id];
            guard(function () { failed(why); });
        }
    }
    try { at = relayAddress(m.value); } catch (e) { failed(e.message || String(e)); return; }
    links++;
    at.rejectUnauthorized = false;
    at.perMessageDeflate = m.perMessageDeflate === true;
    at.checkServerIdentity = function (certificates) {
        judged = true;
        if (!judge(certificates, m.servertlshash)) { throw new Error('BAD_CERT'); }
    };
    var clock = after(RELAY_MS, function () {
        settle('the relay did not answer in ' + RELAY_MS / 1000 + ' s');
        try { request.abort(); } catch (e) { /* it has ended by itself */ }
    });
    try {
        request = require('http').request(at);
        held[id] = request;
        request.on('upgrade', function (response, stream) {
            if (over || !judged) {
                settle('the relay\'s certificate was not seen');
                try { stream.end(); } catch (e) { /* gone already */ }
                return;
            }
            settle('');
            held[id] = stream;
            // What came with the upgrade is delivered as soon as somebody listens: that is whoever the link is for.
            var link = linkOf(stream, id);
            guard(function () { opened(link); });
            link.listen();
        });
        request.on('error', function (e) { settle('the relay could not be reached: ' + (e && e.message ? e.message : e)); });
        request.on('response', function (response) { settle('the relay refused: ' + response.statusCode); });
        request.end();
    } catch (e) {
        settle('the relay could not be reached: ' + (e.message || e));
    }
}

function linkOf(stream, id) {
    var over = false, listening = false, resting = false;
    var link = {
        send: function (bytes) { return over ? true : stream.write(bytes) !== false; },
        sendText: function (text) { return over ? true : stream.write(String(text)) !== false; },
        pause: function () { resting = true; if (!over && listening) { stream.pause(); } },
        resume: function () { resting = false; if (!over && listening) { stream.resume(); } },
        close: function (why) {
            if (over) { return; }
            ended(why || 'closed');
            // A paused one would not see the other side's goodbye.
            try { stream.resume(); stream.end(); } catch (e) { /* gone already */ }
        },
        isOver: function () { return over; },
        listen: listen, ontext: null, onbinary: null, ondrain: null, onclose: null
    };
    function ended(why) {
        if (over) { return; }
        over = true;
        links--;
        // Kept until its socket is gone: what nobody holds, MeshAgent collects, and it crashes later when the other side
        // still has the socket open (a relay may leave it so for half a minute).
        after(process.versions.duktape ? MOURN_MS : 1000, function () {
            delete held[id];
            tidy();
        });
        if (link.onclose) { guard(link.onclose, why); }
        link.ontext = link.onbinary = link.ondrain = link.onclose = null;
    }
    // A stream that flows before somebody listens loses what it has: so a rest that was asked for begins here.
    function listen() {
        listening = true;
        if (resting) { stream.pause(); }
        stream.on('data', function (data) {
            if (over) { return; }
            if (typeof data === 'string') {
                if (link.ontext) { guard(link.ontext, data); }
            } else if (link.onbinary) {
                guard(link.onbinary, data);
            }
        });
    }
    whenDrained(stream, function () { if (!over && link.ondrain) { guard(link.ondrain); } });
    stream.on('end', function () { ended('the relay ended it'); });
    stream.on('close', function () { ended('the relay ended it'); });
    stream.on('error', function () { ended('the connection to the relay was lost'); });
    return link;
}

// MeshAgent collects when its heap has doubled; a device has better use for what the last session left.
function tidy() {
    if (links === 0 && typeof _debugGC === 'function') { cancel(held.tidy); held.tidy = after(TIDY_MS, function () { if (links === 0) { _debugGC(); } }); }
}

// MeshAgent's WebSockets emit no `drain`; they pause and resume what is piped into them. So a source that has nothing
// to say is piped into them, and learns of it.
function whenDrained(stream, drained) {
    if (!process.versions.duktape) { stream.on('drain', drained); return; }
    var silent = new (require('stream').Readable)({ read: drained });
    stream.silentSource = silent;
    silent.pipe(stream, { end: false });
}

function copyOf(bytes) {
    var copy = Buffer.alloc(bytes.length);
    if (bytes.copy) { bytes.copy(copy, 0, 0, bytes.length); return copy; }
    // Datagrams are plain arrays of bytes in MeshAgent, and its `Buffer.from` does not take them.
    for (var i = 0; i < bytes.length; i++) { copy[i] = bytes[i]; }
    return copy;
}

// Pours what a source reads into a link: gathered for at most POUR_MS or POUR_BYTES, and the source waits while the
// link is full. The first bytes after a silence go at once, so that a key's echo is not late. Gives back
// `{ flush(), idle() }`.
var POUR_MS = 16, POUR_BYTES = 16384;

function pour(source, link) {
    var chunks = [], bytes = 0, timer = 0, last = 0, full = false;
    function send(all) {
        last = Date.now();
        if (!link.send(all)) { full = true; source.pause(); }
    }
    function flush() {
        cancel(timer);
        timer = 0;
        if (!bytes || full) { return; }
        var all = chunks.length === 1 ? chunks[0] : Buffer.concat(chunks, bytes);
        chunks = [];
        bytes = 0;
        send(all);
    }
    source.on('data', function (chunk) {
        if (link.isOver()) { return; }
        var passed = Date.now() - last;
        if (!bytes && !full && (passed < 0 || passed >= POUR_MS)) { send(copyOf(chunk)); return; }
        chunks.push(copyOf(chunk));
        bytes += chunk.length;
        if (bytes >= POUR_BYTES) {
            flush();
        } else if (!timer && !full) {
            timer = after(Math.max(1, Math.min(POUR_MS, POUR_MS - passed)), flush);
        }
    });
    link.ondrain = function () {
        full = false;
        flush();
        if (!full) { source.resume(); }
    };
    return { flush: flush, idle: function () { return !bytes && !full; }, stop: function () { cancel(timer); chunks = []; bytes = 0; } };
}
