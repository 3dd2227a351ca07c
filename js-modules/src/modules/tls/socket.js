'use strict';
// A connection under TLS.

const net = require('net');
const natives = require('internal/tls');
const wire = require('internal/net');
const { adopt } = require('internal/net/socket');
const { failure } = require('internal/net/shared');
const { make, invalidArgType } = require('internal/errors');
const { createSecureContext, contextOf } = require('internal/tls/context');
const checkServerIdentity = require('internal/tls/identity');

const TEXTS = {
    DEPTH_ZERO_SELF_SIGNED_CERT: 'self-signed certificate',
    SELF_SIGNED_CERT_IN_CHAIN: 'self-signed certificate in certificate chain',
    UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'unable to verify the first certificate',
    UNABLE_TO_GET_ISSUER_CERT: 'unable to get issuer certificate',
    UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'unable to get local issuer certificate',
    CERT_HAS_EXPIRED: 'certificate has expired',
    CERT_NOT_YET_VALID: 'certificate is not yet valid',
    CERT_SIGNATURE_FAILURE: 'certificate signature failure',
    INVALID_PURPOSE: 'unsupported certificate purpose',
};

function TLSSocket(socket, options) {
    if (!(this instanceof TLSSocket)) return new TLSSocket(socket, options);
    const given = Object.assign({}, options);
    if (given.ALPNProtocols) given.ALPNProtocols = protocols(given.ALPNProtocols);
    net.Socket.call(this, {
        allowHalfOpen: given.allowHalfOpen, highWaterMark: given.highWaterMark, signal: given.signal, onread: given.onread,
        noDelay: given.noDelay, keepAlive: given.keepAlive, keepAliveInitialDelay: given.keepAliveInitialDelay,
    });
    this._tlsOptions = given;
    this._secureEstablished = false;
    this._securePending = false;
    this._controlReleased = false;
    this.secureConnecting = true;
    this.authorized = false;
    this.authorizationError = null;
    this.encrypted = true;
    this.alpnProtocol = null;
    this.servername = null;
    Object.defineProperty(this, '_info', { value: null, writable: true, enumerable: false });
    this._onOther = onTls;
    this._beforeConnect = () => begin(this);
    if (socket) takeOver(this, socket);
}
Object.setPrototypeOf(TLSSocket, net.Socket);
Object.setPrototypeOf(TLSSocket.prototype, net.Socket.prototype);

// A list of names, or Node's wire form of it.
function protocols(value) {
    if (Array.isArray(value)) return value.map(String);
    const bytes = Buffer.from(value), names = [];
    for (let at = 0; at < bytes.length; at += 1 + bytes[at]) names.push(bytes.toString('latin1', at + 1, at + 1 + bytes[at]));
    return names;
}

// TLS begins on a connection that exists: it is ours from now on, and ends with us.
function takeOver(socket, plain) {
    if (!(plain instanceof net.Socket) || (!plain._handle && !plain.connecting)) {
        throw make(Error, 'ERR_NOT_SUPPORTED', 'TLS runs over sockets of net here; other streams cannot carry it');
    }
    socket._parent = plain;
    socket.server = plain.server;
    socket._host = plain._host;
    const start = () => {
        const early = plain.readableLength ? plain.read() : undefined;
        adopt(socket, plain);
        begin(socket, early);
        socket.read(0);
    };
    plain.once('close', () => socket.destroy());
    if (plain.connecting) {
        socket.connecting = true;
        plain.once('connect', () => { start(); socket.connecting = false; socket.emit('connect'); });
        plain.once('error', (error) => socket.destroy(error));
    } else start();
}

function begin(socket, early) {
    const options = socket._tlsOptions;
    try {
        if (options.isServer) natives.await(socket._handle, early);
        else {
            const context = contextOf(options.secureContext) || createSecureContext(options).context;
            natives.start(socket._handle, context, { servername: options.servername, alpn: options.ALPNProtocols, early });
        }
    } catch (error) {
        socket.destroy(error);
    }
}

function onTls(kind, value) {
    if (this.destroyed) return;
    if (kind === 'hello') hello(this, value);
    else if (kind === 'secure') secure(this);
}

// A server chooses the certificate by the name that the client asked for.
function hello(socket, { servername, alpn }) {
    const options = socket._tlsOptions;
    socket.servername = servername || false;
    const answer = (error, chosen) => {
        if (socket.destroyed) return;
        try {
            if (error) throw error;
            const context = contextOf(chosen) || contextOf(chosen && chosen.secureContext) || contextOf(options.secureContext) || createSecureContext(options).context;
            let names = options.ALPNProtocols;
            if (options.ALPNCallback && alpn.length) {
                const one = options.ALPNCallback({ servername, protocols: alpn });
                names = one === undefined ? ['\u0000none'] : [one];
            }
            natives.answer(socket._handle, context, { alpn: names, requestCert: Boolean(options.requestCert) });
        } catch (reason) {
            socket.destroy(reason);
        }
    };
    if (servername && options.SNICallback) options.SNICallback(servername, answer);
    else answer(null);
}

function verifyError(code) {
    return make(Error, code, TEXTS[code] || code);
}

function secure(socket) {
    const info = socket._info = natives.info(socket._handle);
    const options = socket._tlsOptions;
    socket.alpnProtocol = info.alpn === undefined ? false : info.alpn;
    socket._secureEstablished = true;
    socket.secureConnecting = false;
    if (options.isServer) secureServer(socket, info, options); else secureClient(socket, info, options);
}

function secureServer(socket, info, options) {
    if (options.requestCert) {
        const code = info.chain.length ? info.fault : 'UNABLE_TO_GET_ISSUER_CERT';
        if (code) {
            socket.authorizationError = code;
            if (options.rejectUnauthorized !== false) { socket.destroy(); return; }
        } else socket.authorized = true;
    }
    if (!socket.destroyed) {
        socket.emit('_secure');
        socket.emit('secure');
    }
}

function secureClient(socket, info, options) {
    let error = info.fault ? verifyError(info.fault) : null;
    const host = options.servername || options.host || socket._host || 'localhost';
    if (!error) {
        const check = options.checkServerIdentity || checkServerIdentity;
        try {
            error = check(host, socket.getPeerCertificate(true)) || null;
        } catch (thrown) {
            error = thrown;
        }
    }
    if (error) {
        socket.authorized = false;
        socket.authorizationError = error.code || error.message;
        if (options.rejectUnauthorized !== false) { socket.destroy(error); return; }
    } else socket.authorized = true;
    socket.emit('secure');
    socket.emit('secureConnect');
}

function cipherName(standard) {
    if (standard.startsWith('TLS_AES') || standard.startsWith('TLS_CHACHA')) return standard;
    return standard.replace(/^TLS_/, '').replace('_WITH_', '-').replace(/AES_(\d+)/, 'AES$1').replace('_POLY1305_SHA256', '-POLY1305').replace(/_/g, '-');
}

function shown(der) {
    const cert = natives.certificate(der);
    for (const inner of ['keyFingerprint384', 'digest384', 'selfIssued']) delete cert[inner];
    return cert;
}

Object.assign(TLSSocket.prototype, {
    getPeerCertificate(detailed) {
        if (!this._info) return this._secureEstablished ? {} : null;
        const all = this._info.chain.map(shown);
        if (all.length === 0) return {};
        if (detailed) {
            all.forEach((cert, i) => { if (i > 0) all[i - 1].issuerCertificate = cert; });
            const top = all[all.length - 1];
            if (natives.certificate(top.raw).selfIssued) top.issuerCertificate = top;
        }
        return all[0];
    },
    getCertificate() { return this._tlsOptions.cert && !Array.isArray(this._tlsOptions.cert) ? shown(firstDer(this._tlsOptions.cert)) : {}; },
    getCipher() {
        if (!this._info || !this._info.cipher) return undefined;
        const standardName = this._info.cipher.replace(/^TLS13_/, 'TLS_');
        return { name: cipherName(standardName), standardName, version: this.getProtocol() };
    },
    getProtocol() {
        if (!this._info || !this._info.protocol) return this._handle ? 'unknown' : null;
        return this._info.protocol.replace('_', '.');
    },
    isSessionReused() { return false; },
    getSession() { return undefined; },
    getTLSTicket() { return undefined; },
    getEphemeralKeyInfo() { return this._tlsOptions.isServer ? null : {}; },
    getFinished() { return undefined; },
    getPeerFinished() { return undefined; },
    setServername(name) { this._tlsOptions.servername = name; },
    setSession() {},
    setMaxSendFragment() { return true; },
    enableTrace() {},
    disableRenegotiation() {},
    renegotiate(options, callback) {
        const error = make(Error, 'ERR_TLS_RENEGOTIATION_DISABLED', 'TLS session renegotiation disabled for this socket');
        if (typeof callback === 'function') process.nextTick(callback, error);
        return false;
    },
});

function firstDer(cert) {
    const text = String(cert);
    const found = /-----BEGIN CERTIFICATE-----([^-]*)-----END/.exec(text);
    return found ? Buffer.from(found[1], 'base64') : Buffer.from(cert);
}

module.exports = { TLSSocket, protocols, verifyError };
