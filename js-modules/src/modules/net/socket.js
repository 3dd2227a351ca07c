'use strict';
// One connection as a Duplex stream. `socket._handle` is the handle of the natives; it is what `tls` and `http` build on.

// Not the globals: in contexts of the dialect those are other ones.
const { clearTimeout, setTimeout } = require('timers');
const { Duplex } = require('stream');
const wire = require('internal/net');
const { normalize, port: validPort, failure, positive } = require('internal/net/shared');
const { make, invalidArgType, invalidArgValue, validateFunction, abortError } = require('internal/errors');

const defaults = { autoSelectFamily: true, attemptTimeout: 250 };

const WAITING = Symbol('what a write waits for');
const TIMER = Symbol('idle timer');
const ACTIVE = Symbol('time of the last activity');
const ASKED = Symbol('settings made before the connection');
const PEER = Symbol('address of the peer');
const OWN = Symbol('own address');
const RESET = Symbol('close by reset');

function Socket(options) {
    if (!(this instanceof Socket)) return new Socket(options);
    if (typeof options === 'number') options = { fd: options };
    const given = Object.assign({}, options);
    if (given.objectMode || given.readableObjectMode || given.writableObjectMode) {
        const name = given.objectMode ? 'objectMode' : given.readableObjectMode ? 'readableObjectMode' : 'writableObjectMode';
        throw invalidArgValue(`options.${name}`, true, 'is not supported');
    }
    if (given.fd !== undefined) {
        if (typeof given.fd !== 'number') throw invalidArgType('options.fd', 'number', given.fd);
        throw make(Error, 'ERR_NOT_SUPPORTED', 'a socket cannot be made of a file descriptor here; connect to a path or a port');
    }
    if (given.handle === undefined && given._handle) given.handle = given._handle;
    Duplex.call(this, {
        allowHalfOpen: given.allowHalfOpen === true, emitClose: false, autoDestroy: true, decodeStrings: true,
        highWaterMark: given.highWaterMark, readableHighWaterMark: given.readableHighWaterMark,
        writableHighWaterMark: given.writableHighWaterMark, signal: given.signal,
    });
    this.connecting = false;
    this._hadError = false;
    this._handle = null;
    this._parent = null;
    this._host = null;
    this._peername = null;
    this._pendingData = null;
    this._sockname = null;
    this.server = null;
    this._server = null;
    this.timeout = 0;
    for (const key of [WAITING, TIMER, PEER, OWN]) define(this, key, null);
    for (const key of [ACTIVE, ASKED]) define(this, key, key === ASKED ? {} : 0);
    define(this, RESET, false);
    define(this, '_bytesDispatched', 0);
    define(this, '_bytesRead', 0);
    this.on('end', onReadableEnd);
    if (given.noDelay) this[ASKED].noDelay = true;
    if (given.keepAlive) this[ASKED].keepAlive = Math.max(0, ~~given.keepAliveInitialDelay);
    if (given.onread) takeInto(this, given.onread);
    if (given.handle) {
        attach(this, given.handle);
        wire.adopt(given.handle, (kind, value) => onEvent(this, kind, value));
        applySettings(this);
        if (given.pauseOnCreate) this.pause();
        else if (given.manualStart !== true) this.read(0);
    } else if (given.readable === false) this._readableState.readable = false;
}
Object.setPrototypeOf(Socket, Duplex);
Object.setPrototypeOf(Socket.prototype, Duplex.prototype);

function define(object, key, value) {
    Object.defineProperty(object, key, { value, writable: true, configurable: true, enumerable: false });
}

function attach(socket, handle) {
    socket._handle = handle;
    if (socket[ASKED].ref === false) wire.setRef(handle, false);
}

// `taker` carries on with the connection of `giver`, which ends with it and does no I/O of its own any more.
function adopt(taker, giver) {
    attach(taker, giver._handle);
    wire.setReading(giver._handle, false);
    wire.adopt(giver._handle, (kind, value) => onEvent(taker, kind, value));
    giver._handle = null;
    taker._server = giver._server;
    giver._server = null;
    taker.once('close', () => giver.destroy());
}

function applySettings(socket) {
    const asked = socket[ASKED];
    if (asked.noDelay !== undefined) wire.setNoDelay(socket._handle, asked.noDelay);
    if (asked.keepAlive !== undefined) wire.setKeepAlive(socket._handle, true, asked.keepAlive);
}

// `onread: { buffer, callback }`: pieces are copied into one buffer of the script's.
function takeInto(socket, { buffer, callback }) {
    if (typeof callback !== 'function' || !(typeof buffer === 'function' || buffer instanceof Uint8Array)) return;
    define(socket, '_takeInto', (data) => {
        let on = true;
        for (let at = 0; at < data.length;) {
            const room = typeof buffer === 'function' ? buffer() : buffer;
            const part = data.subarray(at, at + room.length);
            room.set(part);
            at += part.length;
            if (callback.call(socket, part.length, room) === false) on = false;
        }
        return on;
    });
}

function onReadableEnd() {
    if (!this.allowHalfOpen) {
        this.write = writeAfterEnd;
        if (this.writable && !this.writableEnded) this.end();
    }
}

function writeAfterEnd(chunk, encoding, callback) {
    if (!this.writableEnded) return Duplex.prototype.write.call(this, chunk, encoding, callback);
    if (typeof encoding === 'function') callback = encoding;
    const error = make(Error, 'EPIPE', 'This socket has been ended by the other party');
    if (typeof callback === 'function') process.nextTick(callback, error);
    this.destroy(error);
    return false;
}

function onEvent(socket, kind, value) {
    switch (kind) {
    case 'data': {
        touch(socket);
        socket._bytesRead += value.length;
        const more = socket._takeInto ? socket._takeInto(value) : socket.push(value);
        if (!more && socket._handle) wire.setReading(socket._handle, false);
        break;
    }
    case 'end':
        touch(socket);
        socket.push(null);
        // Nobody may ever read: without data, the end must still be seen.
        if (socket.readableLength === 0) socket.read(0);
        break;
    case 'drain': release(socket); break;
    case 'shutdown': release(socket); break;
    case 'connect': onConnect(socket); break;
    case 'error': onFailure(socket, value); break;
    case 'closed': {
        const done = socket._onClosed;
        socket._onClosed = undefined;
        if (done) done();
        break;
    }
    default: if (socket._onOther) socket._onOther(kind, value);
    }
}

function release(socket) {
    const waiting = socket[WAITING];
    socket[WAITING] = null;
    if (waiting) waiting(null);
}

function onFailure(socket, given) {
    const error = failure(given);
    if (socket.connecting && given.syscall === 'getaddrinfo') socket.emit('lookup', error, undefined, undefined, given.hostname);
    const waiting = socket[WAITING];
    socket[WAITING] = null;
    if (socket.destroyed) return;
    if (waiting) waiting(error);
    socket.destroy(error);
}

function onConnect(socket) {
    if (socket.destroyed) return;
    socket.connecting = false;
    socket._sockname = null;
    applySettings(socket);
    touch(socket);
    const peer = wire.address(socket._handle, true);
    if (peer && socket._host && !wire.ipFamily(socket._host)) {
        socket.emit('lookup', null, peer.address, peer.family === 'IPv6' ? 6 : 4, socket._host);
    }
    if (socket._beforeConnect) socket._beforeConnect();
    socket.emit('connect');
    socket.emit('ready');
    if (socket.readable && !socket.isPaused()) socket.read(0);
}

function connect(...args) {
    const [options, callback] = normalize(args);
    const socket = new Socket(options);
    if (options.timeout) socket.setTimeout(options.timeout);
    return Socket.prototype.connect.call(socket, options, callback);
}

function checkOptions(options) {
    const { host, localAddress, localPort, family } = options;
    if (options.port === undefined || options.port === null) {
        if (options.path === undefined) throw make(TypeError, 'ERR_MISSING_ARGS', 'The "options" or "port" or "path" argument must be specified');
    } else if (typeof options.port !== 'number' && typeof options.port !== 'string') {
        throw invalidArgType('options.port', ['number', 'string'], options.port);
    }
    validPort(options.port);
    if (host !== undefined && host !== null && typeof host !== 'string') throw invalidArgType('options.host', 'string', host);
    if (localAddress && !wire.ipFamily(localAddress)) {
        throw make(TypeError, 'ERR_INVALID_IP_ADDRESS', `Invalid IP address: ${localAddress}`);
    }
    if (localPort && typeof localPort !== 'number') throw invalidArgType('options.localPort', 'number', localPort);
    if (options.lookup !== undefined && options.lookup !== null) validateFunction(options.lookup, 'options.lookup');
    if (family !== undefined && family !== null && ![0, 4, 6, 'IPv4', 'IPv6'].includes(family)) {
        throw invalidArgValue('family', family, "must be one of: 0, 4, 6");
    }
}

Object.assign(Socket.prototype, {
    connect(...args) {
        const [options, callback] = Array.isArray(args[0]) ? args[0] : normalize(args);
        if (options.port === undefined && options.path === undefined) {
            throw make(TypeError, 'ERR_MISSING_ARGS', 'The "options" or "port" or "path" argument must be specified');
        }
        if (this.write !== Socket.prototype.write) delete this.write;
        const pipe = options.path !== undefined && options.path !== null && options.path !== '';
        if (pipe && typeof options.path !== 'string') throw invalidArgType('options.path', 'string', options.path);
        if (!pipe) checkOptions(options);
        if (this.destroyed) renew(this);
        if (typeof callback === 'function') this.once('connect', callback);
        if (options.noDelay) this[ASKED].noDelay = true;
        if (options.keepAlive) this[ASKED].keepAlive = Math.max(0, ~~options.keepAliveInitialDelay);
        this.connecting = true;
        this._server = null;
        touch(this);
        const wanted = pipe ? { path: options.path } : {
            host: options.host || 'localhost', port: options.port | 0,
            family: options.family === 'IPv4' ? 4 : options.family === 'IPv6' ? 6 : options.family,
            localAddress: options.localAddress, localPort: options.localPort,
        };
        if (!pipe) this._host = wanted.host;
        if (!pipe && options.lookup && !wire.ipFamily(wanted.host)) lookUp(this, options, wanted);
        else open(this, wanted);
        return this;
    },

    _read() {
        if (this.connecting) { this.once('connect', () => this._read()); return; }
        if (this._handle) wire.setReading(this._handle, true);
    },

    _write(chunk, encoding, callback) {
        if (this.connecting) {
            this._pendingData = chunk;
            this.once('connect', () => { this._pendingData = null; this._write(chunk, encoding, callback); });
            return;
        }
        if (!this._handle) { callback(make(Error, 'ERR_SOCKET_CLOSED', 'Socket is closed')); return; }
        touch(this);
        this._bytesDispatched += chunk.length;
        pass(this, chunk, callback);
    },

    _final(callback) {
        if (this.connecting) { this.once('connect', () => this._final(callback)); return; }
        if (!this._handle) { callback(); return; }
        this[WAITING] = callback;
        wire.shutdown(this._handle);
    },

    _destroy(error, callback) {
        this.connecting = false;
        setIdleTimer(this, 0);
        this[WAITING] = null;
        const handle = this._handle;
        const server = this._server;
        const done = () => { callback(error); process.nextTick(() => this.emit('close', Boolean(error))); };
        this._hadError = Boolean(error);
        if (handle) {
            // Asked for later, the addresses would be gone; Node keeps those it was asked for.
            this._handle = null;
            this._onClosed = done;
            wire.close(handle, this[RESET]);
        } else done();
        if (server) {
            server._connections--;
            if (server._emitCloseIfDrained) server._emitCloseIfDrained();
            this._server = null;
        }
    },

    destroySoon() {
        if (this.writable) this.end();
        if (this.writableFinished) this.destroy(); else this.once('finish', this.destroy);
    },

    resetAndDestroy() {
        if (!this._handle) {
            this.destroy(make(Error, 'ERR_SOCKET_CLOSED', 'Socket is closed'));
            return this;
        }
        this[RESET] = true;
        if (this.connecting) this.once('connect', () => this.destroy()); else this.destroy();
        return this;
    },

    setTimeout(ms, callback) {
        if (this.destroyed) return this;
        this.timeout = positive(ms, 'msecs');
        if (callback !== undefined) validateFunction(callback, 'callback');
        setIdleTimer(this, ms);
        if (ms === 0) { if (callback !== undefined) this.removeListener('timeout', callback); }
        else if (callback !== undefined) this.once('timeout', callback);
        return this;
    },

    setNoDelay(on) {
        on = on === undefined ? true : Boolean(on);
        this[ASKED].noDelay = on;
        if (this._handle && !this.connecting) wire.setNoDelay(this._handle, on);
        return this;
    },

    setKeepAlive(on, ms) {
        this[ASKED].keepAlive = on ? Math.max(0, ~~ms) : undefined;
        if (this._handle && !this.connecting) wire.setKeepAlive(this._handle, Boolean(on), Math.max(0, ~~ms));
        return this;
    },

    ref() { return refer(this, true); },
    unref() { return refer(this, false); },

    address() { return own(this) || {}; },

    _getpeername() { return peer(this) || {}; },
    _getsockname() { return own(this) || {}; },
});

for (const name of ['end', 'pause', 'resume', 'read']) {
    Socket.prototype[name] = function (...args) { return Duplex.prototype[name].apply(this, args); };
}
// The natives read on once the script reads again.
Socket.prototype.resume = function () {
    const result = Duplex.prototype.resume.call(this);
    if (this._handle && !this.connecting && !this._readableState.ended) this.read(0);
    return result;
};

function renew(socket) {
    for (const state of [socket._readableState, socket._writableState]) {
        Object.assign(state, { destroyed: false, closed: false, closeEmitted: false, errored: null, errorEmitted: false });
    }
    Object.assign(socket._readableState, { ended: false, endEmitted: false, reading: false });
    Object.assign(socket._writableState, { ending: false, finished: false, prefinished: false, finalCalled: false, writing: false });
    socket._handle = null;
    socket[PEER] = socket[OWN] = null;
}

function open(socket, wanted) {
    const handle = wire.connect(wanted, (kind, value) => onEvent(socket, kind, value));
    attach(socket, handle);
}

function lookUp(socket, options, wanted) {
    const asked = { family: wanted.family || 0, hints: options.hints || 0, all: false };
    // The script goes on first; what it does with the socket meanwhile counts.
    options.lookup(wanted.host, asked, (error, address, family) => {
        const list = Array.isArray(address) ? address : [{ address, family }];
        const first = list[0] || {};
        socket.emit('lookup', error, first.address, first.family, wanted.host);
        if (!socket.connecting || socket.destroyed) return;
        if (error) { process.nextTick(() => socket.destroy(error)); return; }
        if (!wire.ipFamily(first.address)) {
            const wrong = make(TypeError, 'ERR_INVALID_IP_ADDRESS', `Invalid IP address: ${first.address}`);
            process.nextTick(() => socket.destroy(wrong));
            return;
        }
        try {
            open(socket, Object.assign({}, wanted, { host: first.address, family: 0 }));
        } catch (refused) {
            socket.destroy(refused);
        }
    });
}

function pass(socket, chunk, callback) {
    const taken = wire.write(socket._handle, chunk);
    if (taken >= chunk.length) { callback(); return; }
    const rest = chunk.subarray(taken);
    socket[WAITING] = (error) => {
        if (error) callback(error);
        else if (!socket._handle) callback(make(Error, 'ERR_SOCKET_CLOSED', 'Socket is closed'));
        else { touch(socket); pass(socket, rest, callback); }
    };
}

function refer(socket, on) {
    socket[ASKED].ref = on;
    if (socket._handle) wire.setRef(socket._handle, on);
    return socket;
}

function peer(socket) {
    if (!socket[PEER] && socket._handle && !socket.connecting) socket[PEER] = wire.address(socket._handle, true) || null;
    return socket[PEER];
}

function own(socket) {
    if (!socket[OWN] && socket._handle && !socket.connecting) socket[OWN] = wire.address(socket._handle, false) || null;
    return socket[OWN];
}

// One timer for a quiet socket: activity notes the time, and the timer looks at it when it fires. Once it has told, it rests
// until there is activity again.
const REST = Symbol('rest');
function touch(socket) {
    if (!socket[TIMER]) return;
    socket[ACTIVE] = Date.now();
    const again = socket[REST];
    if (again) { socket[REST] = null; again(); }
}

function setIdleTimer(socket, ms) {
    if (socket[TIMER]) { clearTimeout(socket[TIMER]); socket[TIMER] = null; }
    socket[REST] = null;
    if (!(ms > 0)) return;
    const limit = Math.min(ms, 0x7FFFFFFF);
    socket[ACTIVE] = Date.now();
    const arm = (wait) => {
        socket[TIMER] = setTimeout(() => {
            const left = socket[ACTIVE] + limit - Date.now();
            if (left > 0) { arm(left); return; }
            socket[REST] = () => arm(limit);
            socket._onTimeout();
        }, wait);
        socket[TIMER].unref();
    };
    arm(limit);
}

Socket.prototype._onTimeout = function () { this.emit('timeout'); };

const properties = {
    pending() { return !this._handle || this.connecting; },
    readyState() {
        if (this.connecting) return 'opening';
        if (this.readable && this.writable) return 'open';
        if (this.readable) return 'readOnly';
        return this.writable ? 'writeOnly' : 'closed';
    },
    bufferSize() { return this._handle || this.connecting ? this.writableLength : undefined; },
    bytesRead() { return this._bytesRead; },
    bytesWritten() {
        let bytes = this._bytesDispatched;
        const state = this._writableState;
        if (!state) return undefined;
        for (const entry of state.buffer) bytes += entry.chunk.length === undefined ? 0 : Buffer.byteLength(entry.chunk);
        return bytes + (this._pendingData ? this._pendingData.length : 0);
    },
    remoteAddress() { const found = peer(this); return found ? found.address : undefined; },
    remoteFamily() { const found = peer(this); return found ? found.family : undefined; },
    remotePort() { const found = peer(this); return found ? found.port : undefined; },
    localAddress() { const found = own(this); return found ? found.address : undefined; },
    localPort() { const found = own(this); return found ? found.port : undefined; },
    localFamily() { const found = own(this); return found ? found.family : undefined; },
    _connecting() { return this.connecting; },
};
for (const name of Object.keys(properties)) {
    Object.defineProperty(Socket.prototype, name, { get: properties[name], enumerable: false, configurable: true });
}
Object.defineProperty(Socket.prototype, 'autoSelectFamilyAttemptedAddresses', { value: undefined, writable: true, configurable: true });

module.exports = { Socket, connect, defaults, adopt };
