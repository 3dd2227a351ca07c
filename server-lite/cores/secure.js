// ---- encrypted sessions ----
//
// Between the operator's client and this device, so that the relay sees ciphertext, and over cuts of the way: a
// session's link is then not the tunnel but what stands behind any number of tunnels. Only an agent of ours can.

var secure = null;
try {
    secure = require('meshlite-session').open();
    features.secure = features.resume = 1;
} catch (e) { /* MeshAgent has no such module; an agent without the permission says no */ }

// The name of a tunnel in the relay, which both ends bind into their handshake.
function tunnelId(m) {
    var found = /[?&]id=([^&]*)/.exec(String(m.value));
    try { return found ? decodeURIComponent(found[1]) : ''; } catch (e) { return ''; }
}

if (secure) {
    sessionOpenings.push(function (link, m, frame) {
        if (typeof frame !== 'string' || !secure.isHello(frame)) { return false; }
        var told = { tunnel: tunnelId(m), userid: String(m.userid || ''), rights: Number(m.rights) || 0 };
        secure.accept(link, frame, told, function (session, protocol) { beginSession(oneProtocol(session, protocol), m); });
        return true;
    });
}

// A link on which no other session can begin than the one that the client bound into the handshake.
function oneProtocol(session, protocol) {
    var begun = false;
    var link = {
        send: session.send, sendText: session.sendText, pause: session.pause, resume: session.resume,
        close: session.close, isOver: session.isOver, ontext: null, onbinary: null, ondrain: null, onclose: null
    };
    session.ontext = function (text) {
        if (!begun && text.charAt(0) !== '{') {
            if (number(text) !== protocol) { session.close('refused'); return; }
            begun = true;
        }
        if (link.ontext) { guard(link.ontext, text); }
    };
    session.onbinary = function (bytes) {
        if (!begun) { session.close('refused'); return; }
        if (link.onbinary) { guard(link.onbinary, bytes); }
    };
    session.ondrain = function () { if (link.ondrain) { guard(link.ondrain); } };
    session.onclose = function (why) { if (link.onclose) { guard(link.onclose, why); } };
    return link;
}
