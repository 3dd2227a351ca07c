// ---- the way through the device: TCP and UDP ----

var CONNECT_MS = 20000;
var MAX_DATAGRAM = 65507;

function forward(m) {
    var kind = m.tcpport !== undefined ? 'tcp' : 'udp', port = number(kind === 'tcp' ? m.tcpport : m.udpport);
    var host = (kind === 'tcp' ? m.tcpaddr : m.udpaddr) || '127.0.0.1';
    var why = refusal(kind, 0, m.rights);
    if (!why && (typeof host !== 'string' || host.length > 253 || /[^A-Za-z0-9.:_\[\]-]/.test(host))) { why = 'that is no address'; }
    if (!why && !(port > 0 && port < 65536)) { why = 'that is no port'; }
    if (why) { journal(m, 'Refused ' + kind + ' relay to ' + who(m) + ': ' + why); return; }
    openLink(m, function (link) {
        link.pause();
        if (kind === 'tcp') { forwardTcp(link, m, host, port); } else { forwardUdp(link, m, host, port); }
    }, function (failure) { tunnelFailed(m, failure); });
}

// Counts and tells of a relay; gives back what its link is to call at the end.
function forwarding(kind, link, m, host, port, stop) {
    var id = ++held.next, from = Date.now();
    sessions[id] = { kind: kind, request: m, close: link.close };
    countSession(kind, m, 1);
    journal(m, 'Started ' + kind + ' relay to ' + host + ' port ' + port);
    return function () {
        delete sessions[id];
        countSession(kind, m, -1);
        journal(m, 'Ended ' + kind + ' relay to ' + host + ' port ' + port + ' after ' + Math.max(0, Math.round((Date.now() - from) / 1000)) + ' s');
        guard(stop);
    };
}

function forwardTcp(link, m, host, port) {
    var id = 'socket' + (++held.next), up = false, gone = false, finished = false;
    function finish() {
        // MeshAgent's sockets know no half: the target could not answer any more.
        if (process.versions.duktape) { return; }
        finished = true;
        guard(function () { socket.end(); });
    }
    function stop() {
        if (gone) { return; }
        gone = true;
        cancel(clock);
        try { socket.end(); } catch (e) { /* gone already */ }
        after(1000, function () { delete held[id]; });
    }
    function over() { gone = true; output.flush(); closeWhenIdle(); }
    function closeWhenIdle() {
        if (link.isOver()) { return; }
        if (output.idle()) { link.close('the target ended it'); delete held[id]; return; }
        var drained = link.ondrain;
        link.ondrain = function () { drained(); closeWhenIdle(); };
    }
    var clock = after(CONNECT_MS, function () { if (!up) { link.close('the target does not answer'); } });
    var socket = require('net').createConnection({ host: host, port: port }, function () {
        // MeshAgent calls this for a refusal, too, and ends it then.
        up = true;
        cancel(clock);
        if (gone || link.isOver()) { return; }
        link.resume();
    });
    held[id] = socket;
    var output = pour(socket, link), started = false;
    link.onclose = forwarding('tcp', link, m, host, port, stop);
    // Texts are the relay's and the operator's own. Ours say when the operator's side writes no more.
    link.ontext = function (text) {
        if (started && !gone && text.length < 200 && /"type":"eof"/.test(text)) { finish(); }
        started = true;
    };
    link.onbinary = function (bytes) {
        if (!started || gone || finished) { return; }
        if (socket.write(copyOf(bytes)) === false) { link.pause(); }
    };
    socket.on('drain', function () { link.resume(); });
    socket.on('end', over);
    socket.on('close', over);
    socket.on('error', function () { gone = true; cancel(clock); link.close('the target cannot be reached'); delete held[id]; });
}

function forwardUdp(link, m, host, port) {
    var id = 'socket' + (++held.next), full = false, over = false;
    var six = host.indexOf(':') >= 0, socket = require('dgram').createSocket({ type: six ? 'udp6' : 'udp4' });
    held[id] = socket;
    link.onclose = forwarding('udp', link, m, host, port, function () {
        over = true;
        try { socket.close(); } catch (e) { /* gone already */ }
        after(1000, function () { delete held[id]; });
    });
    // A datagram that finds the link full is lost, as on any other way.
    socket.on('message', function (bytes) { if (!over && !full) { full = link.send(copyOf(bytes)) === false; } });
    link.ondrain = function () { full = false; };
    socket.on('error', function () { /* a closed port answers by an error; the next datagram may do better */ });
    var started = false;
    link.ontext = function () { started = true; };
    link.onbinary = function (bytes) {
        if (started && !over && bytes.length <= MAX_DATAGRAM) { socket.send(copyOf(bytes), port, host); }
    };
    socket.bind({ address: six ? '::' : '0.0.0.0', port: 0 });
    link.resume();
}
