'use strict';
// A listener for connections.

const { EventEmitter } = require('events');
const wire = require('internal/net');
const { Socket } = require('internal/net/socket');
const { normalize, port: validPort, failure, toNumber } = require('internal/net/shared');
const { make, invalidArgType, invalidArgValue, validateFunction, validateObject } = require('internal/errors');

function Server(options, listener) {
    if (!(this instanceof Server)) return new Server(options, listener);
    EventEmitter.call(this);
    if (typeof options === 'function') { listener = options; options = {}; }
    else if (options === undefined || options === null) options = {};
    else if (typeof options !== 'object') throw invalidArgType('options', 'Object', options);
    if (typeof listener === 'function') this.on('connection', listener);
    this._connections = 0;
    this._handle = null;
    this._unref = false;
    this._pipeName = undefined;
    this._opening = 0;
    this.allowHalfOpen = options.allowHalfOpen || false;
    this.pauseOnConnect = Boolean(options.pauseOnConnect);
    this.noDelay = Boolean(options.noDelay);
    this.keepAlive = Boolean(options.keepAlive);
    this.keepAliveInitialDelay = Math.max(0, ~~options.keepAliveInitialDelay);
    this.highWaterMark = options.highWaterMark;
}
Object.setPrototypeOf(Server, EventEmitter);
Object.setPrototypeOf(Server.prototype, EventEmitter.prototype);

function createServer(options, listener) { return new Server(options, listener); }

const methods = {
    listen(...args) {
        const [given, callback] = normalize(args);
        const options = given && typeof given === 'object' && given._handle ? { handle: given._handle } : given;
        if (this._handle || this._opening) throw make(Error, 'ERR_SERVER_ALREADY_LISTEN', 'Listen method has been called more than once without closing.');
        if (callback !== null) this.once('listening', callback);
        const backlog = [options.backlog, toNumber(args.length > 1 ? args[1] : false), toNumber(args.length > 2 ? args[2] : false)].find((one) => one);
        if (options.handle || typeof options.fd === 'number') {
            throw make(Error, 'ERR_NOT_SUPPORTED', 'a server cannot listen on a file descriptor or a handle here; give a port or a path');
        }
        watchSignal(this, options.signal);
        if (args.length === 0 || typeof args[0] === 'function' ||
            (options.port === undefined && 'port' in options) || options.port === null) options.port = 0;
        if (typeof options.port === 'number' || typeof options.port === 'string') {
            const port = validPort(options.port, 'options.port');
            const wanted = { port, backlog, ipv6Only: options.ipv6Only === true, reusePort: options.reusePort === true };
            if (!options.host) listenAnywhere(this, wanted);
            else if (wire.ipFamily(options.host)) listenAt(this, Object.assign(wanted, { address: options.host }));
            else resolveThenListen(this, options.host, wanted);
            return this;
        }
        if (options.path && typeof options.path === 'string') {
            let mode = 0;
            if (options.readableAll) mode |= 0o444;
            if (options.writableAll) mode |= 0o222;
            this._pipeName = options.path;
            listenAt(this, { path: options.path, backlog, mode });
            return this;
        }
        if (!('port' in options) && !('path' in options)) {
            throw make(TypeError, 'ERR_INVALID_ARG_VALUE', `The argument 'options' must have the property "port" or "path". Received ${require('util').inspect(options)}`);
        }
        throw invalidArgValue('options', options);
    },

    address() {
        if (this._pipeName !== undefined) return this._handle || !this._closed ? this._pipeName : null;
        return this._handle ? wire.listenerAddress(this._handle) : null;
    },

    getConnections(callback) {
        process.nextTick(callback, null, this._connections);
        return this;
    },

    close(callback) {
        if (typeof callback === 'function') {
            if (!this._handle) {
                this.once('close', () => callback(make(Error, 'ERR_SERVER_NOT_RUNNING', 'Server is not running.')));
            } else this.once('close', callback);
        }
        const handle = this._handle;
        if (handle) {
            this._handle = null;
            this._closed = true;
            wire.closeListener(handle);
        }
        this._emitCloseIfDrained();
        return this;
    },

    _emitCloseIfDrained() {
        if (this._handle || this._connections) return;
        process.nextTick(() => { if (!this._handle && !this._connections) this.emit('close'); });
    },

    [Symbol.asyncDispose || Symbol.for('nodejs.asyncDispose')]() {
        if (!this._handle) return Promise.resolve();
        return new Promise((resolve, reject) => this.close((error) => { if (error) reject(error); else resolve(); }));
    },

    ref() {
        this._unref = false;
        if (this._handle) wire.setListenerRef(this._handle, true);
        return this;
    },

    unref() {
        this._unref = true;
        if (this._handle) wire.setListenerRef(this._handle, false);
        return this;
    },
};
for (const name of Reflect.ownKeys(methods)) {
    Object.defineProperty(Server.prototype, name, { value: methods[name], writable: true, configurable: true, enumerable: true });
}
Object.defineProperty(Server.prototype, 'listening', {
    get() { return Boolean(this._handle); }, configurable: true, enumerable: true,
});

function watchSignal(server, signal) {
    if (signal === undefined) return;
    if (signal === null || typeof signal !== 'object' || !('aborted' in signal)) throw invalidArgType('options.signal', 'AbortSignal', signal);
    const onAbort = () => server.close();
    if (signal.aborted) { process.nextTick(onAbort); return; }
    signal.addEventListener('abort', onAbort, { once: true });
    server.once('close', () => signal.removeEventListener('abort', onAbort));
}

// Both versions on one socket; where the machine has no version 6, version 4 alone.
function listenAnywhere(server, wanted) {
    const shown = wire.listen(Object.assign({}, wanted, { address: '::' }), (kind, value) => onEvent(server, kind, value));
    if (shown.code === 'EAFNOSUPPORT' || shown.code === 'EADDRNOTAVAIL' || shown.code === 'EINVAL') {
        listenAt(server, Object.assign({}, wanted, { address: '0.0.0.0' }));
    } else started(server, shown);
}

function listenAt(server, wanted) {
    started(server, wire.listen(wanted, (kind, value) => onEvent(server, kind, value)));
}

function started(server, result) {
    if (result.code !== undefined) {
        const error = failure(result);
        // For the dialect, whose `listen` throws.
        Object.defineProperty(server, '_failure', { value: error, configurable: true, enumerable: false });
        process.nextTick(() => server.emit('error', error));
        return;
    }
    server._handle = result;
    server._closed = false;
    if (server._unref) wire.setListenerRef(result, false);
    process.nextTick(() => { if (server._handle === result) server.emit('listening'); });
}

function resolveThenListen(server, host, wanted) {
    const turn = ++server._turn || (server._turn = 1);
    server._opening++;
    require('dns').lookup(host, (error, address) => {
        server._opening--;
        if (turn !== server._turn || server._handle) return;
        if (error) { server.emit('error', error); return; }
        listenAt(server, Object.assign(wanted, { address }));
    });
}

function onEvent(server, kind, handle) {
    if (kind !== 'connection') return;
    if (server.maxConnections !== undefined && server._connections >= server.maxConnections) {
        const local = wire.address(handle, false) || {}, remote = wire.address(handle, true) || {};
        wire.close(handle, false);
        server.emit('drop', {
            localAddress: local.address, localPort: local.port, localFamily: local.family,
            remoteAddress: remote.address, remotePort: remote.port, remoteFamily: remote.family,
        });
        return;
    }
    const socket = new Socket({
        handle, allowHalfOpen: server.allowHalfOpen, pauseOnCreate: server.pauseOnConnect,
        noDelay: server.noDelay, keepAlive: server.keepAlive, keepAliveInitialDelay: server.keepAliveInitialDelay,
        highWaterMark: server.highWaterMark,
    });
    server._connections++;
    socket.server = server;
    socket._server = server;
    server.emit('connection', socket);
}

module.exports = { Server, createServer };
