'use strict';

const net = require('net');
const natives = require('internal/tls');
const { TLSSocket, protocols } = require('internal/tls/socket');
const { Server } = require('internal/tls/server');
const context = require('internal/tls/context');
const checkServerIdentity = require('internal/tls/identity');

// `(options[, callback])`, `(port[, host][, options][, callback])`, `(path[, options][, callback])`.
function normalize(args) {
    const options = {};
    let callback;
    for (const [at, one] of args.entries()) {
        if (typeof one === 'function') callback = one;
        else if (typeof one === 'object' && one !== null) Object.assign(options, one);
        else if (at === 0 && typeof one === 'string' && !(Number(one) >= 0)) options.path = one;
        else if (at === 0) options.port = one;
        else if (typeof one === 'string') options.host = one;
    }
    return [options, callback];
}

function connect(...args) {
    const [given, callback] = normalize(args);
    const options = Object.assign({ rejectUnauthorized: process.env.NODE_TLS_REJECT_UNAUTHORIZED !== '0' }, given);
    if (options.minVersion === undefined && options.secureProtocol === undefined) options.minVersion = module.exports.DEFAULT_MIN_VERSION;
    const secureContext = options.secureContext || context.createSecureContext(options);
    const host = options.host || (options.socket && options.socket._host) || 'localhost';
    const servername = options.servername !== undefined ? options.servername : (net.isIP(host) || options.path ? '' : host);
    const socket = new TLSSocket(options.socket, Object.assign({}, options, { isServer: false, secureContext, servername, host }));
    if (callback) socket.once('secureConnect', callback);
    if (!options.socket) {
        if (options.timeout) socket.setTimeout(options.timeout);
        socket.connect(options);
    }
    socket.once('end', () => {
        if (!socket._secureEstablished) socket.destroy();
    });
    return socket;
}

let roots;

Object.assign(exports, {
    CLIENT_RENEG_LIMIT: 3,
    CLIENT_RENEG_WINDOW: 600,
    DEFAULT_CIPHERS: 'TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256:' +
        'ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-AES128-GCM-SHA256:' +
        'ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305',
    DEFAULT_ECDH_CURVE: 'auto',
    DEFAULT_MAX_VERSION: 'TLSv1.3',
    DEFAULT_MIN_VERSION: 'TLSv1.2',
    SecureContext: context.SecureContext,
    Server,
    TLSSocket,
    checkServerIdentity,
    connect,
    convertALPNProtocols(list, out) {
        const names = protocols(list).map((name) => Buffer.from(name, 'latin1'));
        out.ALPNProtocols = Buffer.concat(names.flatMap((name) => [Buffer.from([name.length]), name]));
    },
    createSecureContext: context.createSecureContext,
    createServer(options, listener) { return new Server(options, listener); },
    getCiphers() { return exports.DEFAULT_CIPHERS.toLowerCase().split(':').sort(); },
});
Object.defineProperty(exports, 'rootCertificates', {
    get() { return roots || (roots = Object.freeze(natives.roots())); }, enumerable: true, configurable: false,
});
