'use strict';
// One request of a client.

const net = require('net');
const { OutgoingMessage, pairsOf } = require('_http_outgoing');
const { Reader, connResetException, kOutHeaders, kNeedDrain, _checkIsHttpToken: isToken } = require('_http_common');
const { Agent, globalAgent } = require('_http_agent');
const { make, invalidArgType, received, abortError, validateInteger } = require('internal/errors');

// Nobody speaks of the body first here.
const BODILESS = new Set(['GET', 'HEAD', 'DELETE', 'OPTIONS', 'TRACE', 'CONNECT']);
const kError = Symbol('error');

function urlToOptions(url) {
    const options = {
        __proto__: null,
        ...url,
        protocol: url.protocol,
        hostname: typeof url.hostname === 'string' && url.hostname.startsWith('[') ? url.hostname.slice(1, -1) : url.hostname,
        hash: url.hash,
        search: url.search,
        pathname: url.pathname,
        path: `${url.pathname || ''}${url.search || ''}`,
        href: url.href,
    };
    if (url.port !== '') options.port = Number(url.port);
    if (url.username || url.password) {
        options.auth = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
    }
    return options;
}

// The overloads of `request`: (url, options, callback), each of the first two optional.
function argumentsOf(input, options, callback) {
    if (typeof input === 'string') input = urlToOptions(new (require('internal/url').URL)(input));
    else if (isUrl(input)) input = urlToOptions(input);
    else { callback = options; options = input; input = null; }
    if (typeof options === 'function') { callback = options; options = input || {}; } else options = Object.assign(input || {}, options);
    return [options, callback];
}

function isUrl(value) { return Boolean(value && value.href && value.protocol && value.auth === undefined && value.path === undefined); }

function hostOf(value, name) {
    if (value !== null && value !== undefined && typeof value !== 'string') {
        throw invalidArgType(`options.${name}`, ['string', 'undefined', 'null'], value);
    }
    return value;
}

function ClientRequest(input, given, callback) {
    if (!(this instanceof ClientRequest)) return new ClientRequest(input, given, callback);
    OutgoingMessage.call(this);
    const [options, listener] = argumentsOf(input, given, callback);
    let agent = options.agent;
    const standard = options._defaultAgent || globalAgent;
    if (agent === false) agent = new standard.constructor();
    else if (agent === null || agent === undefined) {
        if (typeof options.createConnection !== 'function') agent = standard;
    } else if (typeof agent.addRequest !== 'function') {
        throw make(TypeError, 'ERR_INVALID_ARG_TYPE', `The "options.agent" property must be one of Agent-like Object, undefined, or false.${received(agent)}`);
    }
    this.agent = agent;
    const protocol = options.protocol || standard.protocol;
    const expected = this.agent && this.agent.protocol ? this.agent.protocol : standard.protocol;
    if (options.path) {
        const path = String(options.path);
        if (/[^\u0021-\u00ff]/.test(path)) throw make(TypeError, 'ERR_UNESCAPED_CHARACTERS', 'Request path contains unescaped characters');
    }
    if (protocol !== expected) throw make(TypeError, 'ERR_INVALID_PROTOCOL', `Protocol "${protocol}" not supported. Expected "${expected}"`);

    const port = options.port = options.port || options.defaultPort || (this.agent && this.agent.defaultPort);
    const standardPort = options.defaultPort || (this.agent && this.agent.defaultPort);
    const host = options.host = hostOf(options.hostname, 'hostname') || hostOf(options.host, 'host') || 'localhost';
    const setHost = options.setHost !== undefined ? Boolean(options.setHost) : true;
    this.socketPath = options.socketPath;
    if (options.timeout !== undefined) {
        if (typeof options.timeout !== 'number') throw invalidArgType('timeout', 'number', options.timeout);
        this.timeout = options.timeout;
    }
    const signal = options.signal;
    if (signal) {
        if (typeof signal !== 'object' || !('aborted' in signal)) throw invalidArgType('options.signal', 'AbortSignal', signal);
        const abort = () => this.destroy(abortError(signal));
        if (signal.aborted) process.nextTick(abort);
        else {
            signal.addEventListener('abort', abort);
            this.once('close', () => signal.removeEventListener('abort', abort));
        }
    }
    let method = options.method;
    if (method !== null && method !== undefined && typeof method !== 'string') throw invalidArgType('options.method', 'string', method);
    if (method) {
        if (!isToken(method)) throw make(TypeError, 'ERR_INVALID_HTTP_TOKEN', `Method must be a valid HTTP token ["${method}"]`);
        method = this.method = method.toUpperCase();
    } else {
        method = this.method = 'GET';
    }
    const max = options.maxHeaderSize;
    if (max !== undefined) validateInteger(max, 'maxHeaderSize', 0);
    this.maxHeaderSize = max;
    if (options.insecureHTTPParser !== undefined && typeof options.insecureHTTPParser !== 'boolean') {
        throw invalidArgType('options.insecureHTTPParser', 'boolean', options.insecureHTTPParser);
    }
    if (options.joinDuplicateHeaders !== undefined && typeof options.joinDuplicateHeaders !== 'boolean') {
        throw invalidArgType('options.joinDuplicateHeaders', 'boolean', options.joinDuplicateHeaders);
    }
    this.joinDuplicateHeaders = options.joinDuplicateHeaders;
    this.path = options.path || '/';
    if (listener) this.once('response', listener);
    this.useChunkedEncodingByDefault = !BODILESS.has(method);
    this._ended = false;
    this.res = null;
    this.aborted = false;
    this.timeoutCb = null;
    this.upgradeOrConnect = false;
    this.parser = null;
    this.maxHeadersCount = null;
    this.reusedSocket = false;
    this.host = host;
    this.protocol = protocol;
    if (this.agent) {
        // One connection for each request, unless some are kept or there is a limit.
        if (!this.agent.keepAlive && !Number.isFinite(this.agent.maxSockets)) {
            this._last = true;
            this.shouldKeepAlive = false;
        } else {
            this._last = false;
            this.shouldKeepAlive = true;
        }
    }
    const isList = Array.isArray(options.headers);
    if (!isList) {
        for (const [name, value] of pairsOf(options.headers)) this.setHeader(name, value);
        if (host && !this.getHeader('host') && setHost) {
            let name = host;
            if (name.includes(':') && name.indexOf(':') !== name.lastIndexOf(':') && !name.startsWith('[')) name = `[${name}]`;
            if (port && Number(port) !== standardPort) name += ':' + port;
            this.setHeader('Host', name);
        }
        if (options.auth && !this.getHeader('Authorization')) this.setHeader('Authorization', 'Basic ' + Buffer.from(options.auth).toString('base64'));
        if (this.getHeader('expect')) {
            if (this._header) throw make(Error, 'ERR_HTTP_HEADERS_SENT', 'Cannot render headers after they are sent to the client');
            this._storeHeader(this.firstLine(), this[kOutHeaders], true);
        }
    } else {
        this._storeHeader(this.firstLine(), options.headers);
    }
    this.uniqueHeaders = undefined;
    this._connect(options);
    // The rest of the turn may still add fields and a body.
    this._deferToConnect(null, null);
}
Object.setPrototypeOf(ClientRequest.prototype, OutgoingMessage.prototype);
Object.setPrototypeOf(ClientRequest, OutgoingMessage);
const proto = ClientRequest.prototype;

proto._connect = function (options) {
    if (this.agent) {
        this.agent.addRequest(this, options);
        return;
    }
    this._last = true;
    this.shouldKeepAlive = false;
    const given = { ...options };
    if (given.socketPath) given.path = given.socketPath; else given.path = undefined;
    const make_ = typeof options.createConnection === 'function' ? options.createConnection : net.createConnection;
    let called = false;
    const made = (error, socket) => {
        if (called) return;
        called = true;
        if (error) process.nextTick(() => failed(this, error));
        else this.onSocket(socket);
    };
    const socket = make_(given, made);
    if (socket) made(null, socket);
};

proto.firstLine = function () { return `${this.method} ${this.path} HTTP/1.1\r\n`; };

proto._implicitHeader = function () {
    if (this._header) throw make(Error, 'ERR_HTTP_HEADERS_SENT', 'Cannot render headers after they are sent to the client');
    this._storeHeader(this.firstLine(), this[kOutHeaders] || {}, true);
};

proto._wrote = function () {
    this._ended = true;
    this.emit('finish');
    if (this.res && this.res.complete && this.socket) settled(this);
};

proto.abort = function abort() {
    if (this.aborted) return;
    this.aborted = true;
    process.nextTick(() => this.emit('abort'));
    this.destroy();
};

proto.destroy = function destroy(error) {
    if (this.destroyed) return this;
    this.destroyed = true;
    this._markErrored(error || null);
    if (this.res) this.res._dump();
    this[kError] = error;
    const socket = this.socket;
    if (socket) {
        closeSocket(this, socket, error);
    } else {
        // Still waiting in the agent's queue, or for a connection that comes later.
        process.nextTick(() => {
            if (!this.socket) {
                const reason = error || connResetException('socket hang up');
                this._markErrored(reason);
                closed(this, reason);
            }
        });
    }
    return this;
};

function closeSocket(request, socket, error) {
    if (request.agent && socket._httpMessage !== request && !request.parser && !error && request.res && request.res.complete) return;
    socket.destroy(error);
}

// The end of a request that never had an answer.
function closed(request, error) {
    if (request._closed) return;
    request._closed = true;
    request.destroyed = true;
    if (error && !request._errorEmitted) {
        request._errorEmitted = true;
        request.emit('error', error);
    }
    request.emit('close');
}

function failed(request, error) {
    request._markErrored(error);
    closed(request, error);
}

proto.onSocket = function onSocket(socket, error) {
    process.nextTick(() => {
        if (error || !socket) { failed(this, error || connResetException('socket hang up')); return; }
        if (this.destroyed) {
            // Nobody needs this connection for us; the agent may have another use for it.
            const reason = this[kError];
            if (this.agent && !reason && !socket.destroyed) {
                socket._httpMessage = undefined;
                socket.emit('agentRemove');
                socket.destroy();
            } else {
                socket.destroy(reason);
            }
            const late = reason || connResetException('socket hang up');
            this._markErrored(late);
            closed(this, late);
            return;
        }
        attach(this, socket);
    });
};

function attach(request, socket) {
    const reader = new Reader(true, socket, request.maxHeaderSize);
    reader.noBody = request.method === 'HEAD';
    reader.connect = request.method === 'CONNECT';
    reader.joinDuplicateHeaders = request.joinDuplicateHeaders;
    if (typeof request.maxHeadersCount === 'number') reader.maxHeaderPairs = request.maxHeadersCount << 1;
    request.socket = socket;
    request.parser = reader;
    socket._httpMessage = request;
    socket.parser = reader;
    const listeners = {
        data: (bytes) => { reader.execute(bytes); if (!reader.detached && reader.isBetween && request._over) settled(request); },
        end: () => {
            if (!request.res || !request.res.complete) reader.finish();
            if (!request.res && !request._errorEmitted && !socket._hadError) {
                socket._hadError = true;
                fault(request, connResetException('socket hang up'));
            }
            detach(request);
            socket.end();
        },
        error: (error) => { socket._hadError = true; fault(request, error); if (!socket.destroyed) socket.destroy(); },
        close: () => socketClosed(request, socket),
        drain: () => {
            if (request[kNeedDrain] && !request.finished) {
                request[kNeedDrain] = false;
                request.emit('drain');
            } else {
                request[kNeedDrain] = false;
            }
        },
        timeout: () => request.emit('timeout'),
    };
    request._listeners = listeners;
    for (const name of Object.keys(listeners)) socket.on(name, listeners[name]);
    reader.onHead = (res, keepsAlive) => answer(request, socket, reader, res, keepsAlive);
    reader.onMessageEnd = (res) => {
        if (res !== request.res) return;
        request._over = true;
        if (!request.shouldKeepAlive && !request.upgradeOrConnect) {
            // The peer will close; so do we once everything of ours is out.
            if (request._ended && socket.writable) { socket.destroySoon ? socket.destroySoon() : socket.end(); }
        }
        settled(request);
    };
    reader.onUpgrade = (res, rest) => upgraded(request, socket, res, rest);
    reader.onFault = (error) => {
        detach(request);
        if (request.res && !request.res.complete && error.code === 'HPE_INVALID_EOF_STATE') { socket.destroy(); return; }
        socket.removeListener('close', listeners.close);
        socket.destroy();
        socket._hadError = true;
        if (request.res && !request.res.complete) request.res.destroy(connResetException('aborted'));
        fault(request, error.code === 'HPE_INVALID_EOF_STATE' && !request.res ? connResetException('socket hang up') : error);
        closed(request);
    };
    if (request.timeout !== undefined && socket.timeout !== request.timeout) socket.setTimeout(request.timeout);
    request.emit('socket', socket);
    if (request.destroyed) return;
    request._flush();
}

function fault(request, error) {
    if (request._errorEmitted || request._closed) return;
    if (request.res) {
        // There is an answer: its reader learns of it.
        if (!request.res.complete) request.res.destroy(error);
        return;
    }
    request._errorEmitted = true;
    request._markErrored(error);
    request.destroyed = true;
    request.emit('error', error);
}

function detach(request) {
    const { socket, _listeners: listeners, parser } = request;
    if (!listeners) return;
    if (parser) parser.detached = true;
    for (const name of ['data', 'end', 'drain', 'timeout']) socket.removeListener(name, listeners[name]);
}

function answer(request, socket, reader, res, keepsAlive) {
    if (request.res) {
        // Two answers to one request.
        reader.incoming = null;
        reader.detached = true;
        socket.destroy();
        return;
    }
    res.req = request;
    if (request.method === 'CONNECT') { res.upgrade = true; request.res = res; return; }
    const status = res.statusCode;
    if (status >= 100 && status < 200 && !(status === 101 && res.upgrade)) {
        reader.incoming = res;
        if (status === 100) request.emit('continue');
        request.emit('information', {
            statusCode: status, statusMessage: res.statusMessage, httpVersion: res.httpVersion,
            httpVersionMajor: res.httpVersionMajor, httpVersionMinor: res.httpVersionMinor,
            headers: res.headers, rawHeaders: res.rawHeaders,
        });
        return;
    }
    request.res = res;
    if (res.upgrade) return;
    if (!keepsAlive) request.shouldKeepAlive = false;
    res.on('end', () => settled(request));
    if (request.aborted || !request.emit('response', res)) res._dump();
}

function upgraded(request, socket, res, rest) {
    detach(request);
    const { error, close } = request._listeners;
    socket.removeListener('error', error);
    socket.removeListener('close', close);
    socket.emit('agentRemove');
    request.upgradeOrConnect = true;
    request.parser = null;
    socket.parser = null;
    res.complete = true;
    res.push(null);
    const name = request.method === 'CONNECT' ? 'connect' : 'upgrade';
    if (request.listenerCount(name) > 0) {
        socket._httpMessage = null;
        // Whoever listens next starts it again.
        socket._readableState.flowing = null;
        request.emit(name, res, socket, rest);
        request.destroyed = true;
        request._closed = true;
        request.emit('close');
    } else {
        request.res = null;
        const hung = connResetException('socket hang up');
        socket.destroy();
        if (request.method === 'CONNECT') { request.emit('response', res); closed(request); } else failed(request, hung);
    }
}

// The answer was read and the request is out: the connection is free.
function settled(request) {
    const { socket, res } = request;
    if (!socket || !res || !res.complete || !res.readableEnded && !res._dumped || request._settled) return;
    if (!request._ended && !request.writableFinished) return;
    if (socket.destroyed) return;
    request._settled = true;
    if (request.shouldKeepAlive) {
        detach(request);
        const { error, close } = request._listeners;
        socket.removeListener('error', error);
        socket.removeListener('close', close);
        if (request.timeoutCb) socket.removeListener('timeout', request.timeoutCb);
        socket.parser = null;
        request.destroyed = true;
        if (socket.isPaused && socket.isPaused()) socket.resume();
        process.nextTick(() => {
            if (!request._closed) { request._closed = true; request.emit('close'); }
            if (request.agent) socket.emit('free');
            else socket.destroy();
        });
    } else if (socket.writable) {
        if (socket.destroySoon) socket.destroySoon(); else socket.end();
    }
}

function socketClosed(request, socket) {
    const { res, parser } = request;
    if (parser && !parser.detached && !(res && res.complete)) {
        // The end of the connection may be the end of the body.
        parser.onFault = () => {};
        parser.finish();
    }
    detach(request);
    request.destroyed = true;
    const gone = () => {
        if (request._closed) return;
        request._closed = true;
        request.emit('close');
    };
    if (request.res) {
        const answer_ = request.res;
        if (!answer_.complete) answer_.destroy(connResetException('aborted'));
        if (answer_.readableEnded || answer_.destroyed && !answer_.readable) gone();
        else answer_.once('close', gone);
        if (!answer_.aborted && answer_.readable && answer_.complete) answer_.push(null);
        } else {
        if (!socket._hadError && !request._errorEmitted) {
            socket._hadError = true;
            const error = request[kError] || connResetException('socket hang up');
            request._errorEmitted = true;
            request._markErrored(error);
            request.emit('error', error);
        }
        gone();
    }
    if (request.parser) request.parser = null;
    if (socket.parser) socket.parser = null;
}

// Runs `method` of the socket once it is connected.
proto._deferToConnect = function (method, args) {
    const call = () => { if (method) this.socket[method](...args); };
    const ready = () => { if (this.socket.writable && !this.socket.connecting) call(); else this.socket.once('connect', call); };
    if (!this.socket) { if (method) this.once('socket', ready); } else ready();
};

proto.setTimeout = function setTimeout(ms, callback) {
    if (this._ended) return this;
    ms = timeoutOf(ms);
    this.timeout = ms;
    if (callback !== undefined) {
        if (typeof callback !== 'function') throw invalidArgType('callback', 'function', callback);
        this.once('timeout', callback);
    }
    const set = (socket) => {
        if (socket.connecting) socket.once('connect', () => socket.setTimeout(ms)); else socket.setTimeout(ms);
    };
    if (this.socket) set(this.socket); else this.once('socket', set);
    return this;
};

function timeoutOf(ms) {
    if (typeof ms !== 'number') throw invalidArgType('msecs', 'number', ms);
    if (ms < 0 || !Number.isFinite(ms)) throw require('internal/errors').outOfRange('msecs', 'a non-negative finite number', ms);
    return Math.min(ms, 2 ** 31 - 1);
}

proto.setNoDelay = function (on) { this._deferToConnect('setNoDelay', [on]); };
proto.setSocketKeepAlive = function (on, ms) { this._deferToConnect('setKeepAlive', [on, ms]); };
proto.clearTimeout = function (callback) { this.setTimeout(0, callback); };

module.exports = { ClientRequest, urlToOptions, argumentsOf, Agent };
