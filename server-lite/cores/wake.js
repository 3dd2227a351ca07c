// ---- waking others ----

var WAKE_PORT = 9, WAKE_AGAIN_MS = 200, MAX_WAKE = 64;

// Six bytes of 0xFF, then the address sixteen times.
function magicPacket(mac) {
    var hex = String(mac).replace(/[^0-9A-Fa-f]/g, '');
    if (hex.length !== 12) { return null; }
    var packet = Buffer.alloc(102);
    for (var i = 0; i < 102; i++) { packet[i] = i < 6 ? 0xFF : parseInt(hex.substr(((i - 6) % 6) * 2, 2), 16); }
    return packet;
}

// The address that reaches all of an interface's network, or ''.
function broadcastOf(address, netmask) {
    var a = String(address).split('.'), n = String(netmask).split('.'), out = [];
    if (a.length !== 4 || n.length !== 4) { return ''; }
    for (var i = 0; i < 4; i++) { out.push((number(a[i]) | (~number(n[i]) & 255)) & 255); }
    return out.join('.');
}

// Sent three times from each interface: nobody acknowledges them.
function wake(m) {
    var packets = (m.macs instanceof Array ? m.macs : []).slice(0, MAX_WAKE).map(magicPacket).filter(function (one) { return one; });
    var all = interfaces(), sockets = [], id = 'wake' + (++held.next), left = 3;
    if (!packets.length) { return; }
    for (var name in all) {
        all[name].forEach(function (one) {
            var to = one.family === 'IPv4' && one.address.substring(0, 4) !== '127.' ? broadcastOf(one.address, one.netmask) : '';
            if (!to || sockets.length >= MAX_WAKE) { return; }
            try {
                var socket = require('dgram').createSocket({ type: 'udp4' });
                socket.bind({ address: one.address, port: 0 });
                socket.setBroadcast(true);
                socket.on('error', function () { /* an interface that is down */ });
                sockets.push({ socket: socket, to: to });
            } catch (e) { /* an interface that is down */ }
        });
    }
    held[id] = sockets;
    function round() {
        sockets.forEach(function (one) {
            packets.forEach(function (packet) {
                [one.to, '255.255.255.255'].forEach(function (to) { try { one.socket.send(packet, WAKE_PORT, to); } catch (e) { /* not there */ } });
            });
        });
        if (--left) { after(WAKE_AGAIN_MS, round); return; }
        after(1000, function () {
            sockets.forEach(function (one) { try { one.socket.close(); } catch (e) { /* closed already */ } });
            delete held[id];
        });
    }
    round();
}
