'use strict';
// A listener whose connections are under TLS.

// Not the globals: in contexts of the dialect those are other ones.
const { clearTimeout, setTimeout } = require('timers');
const net = require('net');
const { TLSSocket, protocols } = require('internal/tls/socket');
const { createSecureContext } = require('internal/tls/context');
const { make, invalidArgType, validateFunction } = require('internal/errors');

function Server(options, listener) {
    if (!(this instanceof Server)) return new Server(options, listener);
    if (typeof options === 'function') { listener = options; options = {}; }
    else if (options === undefined || options === null) options = {};
    else if (typeof options !== 'object') throw invalidArgType('options', 'Object', options);
    if (options.SNICallback !== undefined) validateFunction(options.SNICallback, 'options.SNICallback');
    if (options.ALPNCallback !== undefined) validateFunction(options.ALPNCallback, 'options.ALPNCallback');
    if (options.ALPNCallback && options.ALPNProtocols) {
        throw make(TypeError, 'ERR_TLS_ALPN_CALLBACK_WITH_PROTOCOLS', 'The ALPNCallback and ALPNProtocols TLS options are mutually exclusive');
    }
    this._contexts = [];
    this.requestCert = options.requestCert === true;
    this.rejectUnauthorized = options.rejectUnauthorized !== false;
    this._handshakeTimeout = options.handshakeTimeout === undefined ? 120000 : options.handshakeTimeout;
    if (typeof this._handshakeTimeout !== 'number') throw invalidArgType('options.handshakeTimeout', 'number', options.handshakeTimeout);
    this.ALPNProtocols = options.ALPNProtocols ? protocols(options.ALPNProtocols) : undefined;
    this._options = options;
    this.setSecureContext(options);
    net.Server.call(this, options, (socket) => accept(this, socket));
    if (listener) this.on('secureConnection', listener);
}
Object.setPrototypeOf(Server, net.Server);
Object.setPrototypeOf(Server.prototype, net.Server.prototype);

function accept(server, plain) {
    let socket;
    const options = server._options;
    socket = new TLSSocket(plain, {
        isServer: true, secureContext: server._sharedCreds, requestCert: server.requestCert,
        rejectUnauthorized: server.rejectUnauthorized, ALPNProtocols: server.ALPNProtocols, ALPNCallback: options.ALPNCallback,
        SNICallback: options.SNICallback || (server._contexts.length ? (name, callback) => callback(null, pick(server, name)) : undefined),
        allowHalfOpen: options.allowHalfOpen, highWaterMark: options.highWaterMark, cert: options.cert,
    });
    let up = false;
    const late = setTimeout(() => {
        socket.destroy(make(Error, 'ERR_TLS_HANDSHAKE_TIMEOUT', 'TLS handshake timeout'));
    }, server._handshakeTimeout);
    late.unref();
    const failed = (error) => {
        clearTimeout(late);
        if (!up) server.emit('tlsClientError', error, socket);
    };
    socket.on('error', failed);
    socket.once('close', () => clearTimeout(late));
    socket.once('_secure', () => {
        up = true;
        clearTimeout(late);
        socket.removeListener('error', failed);
        server.emit('secureConnection', socket);
    });
    socket.once('close', (hadError) => {
        if (!up && !hadError && !socket._secureEstablished) {
            server.emit('tlsClientError', make(Error, 'ECONNRESET', 'socket hang up'), socket);
        }
    });
}

// The context added last wins, as in Node.
function pick(server, name) {
    for (let i = server._contexts.length - 1; i >= 0; i--) if (server._contexts[i][0].test(name)) return server._contexts[i][1];
    return undefined;
}

Server.prototype.addContext = function addContext(name, context) {
    if (!name) throw make(Error, 'ERR_TLS_REQUIRED_SERVER_NAME', '"servername" is required parameter for Server.addContext');
    const pattern = new RegExp('^' + name.replace(/([.^$+?\-\\[\]{}])/g, '\\$1').replaceAll('*', '[^.]*') + '$');
    this._contexts.push([pattern, context && context.context ? context : createSecureContext(context)]);
};
Server.prototype.setSecureContext = function setSecureContext(options) {
    if (options === null || typeof options !== 'object') throw invalidArgType('options', 'Object', options);
    this._sharedCreds = createSecureContext(options);
};

module.exports = { Server };
