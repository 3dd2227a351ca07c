'use strict';
// Answers, and the server that reads requests from its connections.

const net = require('net');
const { setTimeout, clearTimeout } = require('timers');
const { OutgoingMessage, pairsOf } = require('_http_outgoing');
const { Reader, continueExpression, chunkExpression, kOutHeaders, kNeedDrain, connResetException,
    _checkInvalidHeaderChar: isInvalid, methods } = require('_http_common');
const { IncomingMessage } = require('_http_incoming');
const { make, invalidArgType, outOfRange, validateInteger } = require('internal/errors');

const STATUS_CODES = {
    100: 'Continue', 101: 'Switching Protocols', 102: 'Processing', 103: 'Early Hints', 200: 'OK', 201: 'Created',
    202: 'Accepted', 203: 'Non-Authoritative Information', 204: 'No Content', 205: 'Reset Content', 206: 'Partial Content',
    207: 'Multi-Status', 208: 'Already Reported', 226: 'IM Used', 300: 'Multiple Choices', 301: 'Moved Permanently',
    302: 'Found', 303: 'See Other', 304: 'Not Modified', 305: 'Use Proxy', 307: 'Temporary Redirect',
    308: 'Permanent Redirect', 400: 'Bad Request', 401: 'Unauthorized', 402: 'Payment Required', 403: 'Forbidden',
    404: 'Not Found', 405: 'Method Not Allowed', 406: 'Not Acceptable', 407: 'Proxy Authentication Required',
    408: 'Request Timeout', 409: 'Conflict', 410: 'Gone', 411: 'Length Required', 412: 'Precondition Failed',
    413: 'Payload Too Large', 414: 'URI Too Long', 415: 'Unsupported Media Type', 416: 'Range Not Satisfiable',
    417: 'Expectation Failed', 418: 'I\'m a Teapot', 421: 'Misdirected Request', 422: 'Unprocessable Entity',
    423: 'Locked', 424: 'Failed Dependency', 425: 'Too Early', 426: 'Upgrade Required', 428: 'Precondition Required',
    429: 'Too Many Requests', 431: 'Request Header Fields Too Large', 451: 'Unavailable For Legal Reasons',
    500: 'Internal Server Error', 501: 'Not Implemented', 502: 'Bad Gateway', 503: 'Service Unavailable',
    504: 'Gateway Timeout', 505: 'HTTP Version Not Supported', 506: 'Variant Also Negotiates', 507: 'Insufficient Storage',
    508: 'Loop Detected', 509: 'Bandwidth Limit Exceeded', 510: 'Not Extended', 511: 'Network Authentication Required',
};

// ---- answers --------------------------------------------------------------------------------------------------------

function ServerResponse(request, options) {
    OutgoingMessage.call(this, options);
    if (request.method === 'HEAD') this._hasBody = false;
    this.req = request;
    this.sendDate = true;
    this._sent100 = false;
    this._expect_continue = false;
    if (request.httpVersionMajor < 1 || request.httpVersionMinor < 1) {
        this.useChunkedEncodingByDefault = chunkExpression.test(request.headers.te);
        this.shouldKeepAlive = false;
    }
}
Object.setPrototypeOf(ServerResponse.prototype, OutgoingMessage.prototype);
Object.setPrototypeOf(ServerResponse, OutgoingMessage);
const proto = ServerResponse.prototype;
proto.statusCode = 200;
proto.statusMessage = undefined;

proto.assignSocket = function assignSocket(socket) {
    if (socket._httpMessage) throw make(Error, 'ERR_HTTP_SOCKET_ASSIGNED', 'ServerResponse has an already assigned socket');
    socket._httpMessage = this;
    this._socketClosed = () => {
        this.destroyed = true;
        if (this._closed) return;
        this._closed = true;
        this.emit('close');
    };
    socket.on('close', this._socketClosed);
    this.socket = socket;
    this.emit('socket', socket);
    this._flush();
};

proto.detachSocket = function detachSocket(socket) {
    socket.removeListener('close', this._socketClosed);
    socket._httpMessage = null;
    this.socket = null;
};

proto.writeContinue = function writeContinue(callback) {
    this._raw('HTTP/1.1 100 Continue\r\n\r\n', 'latin1', callback);
    this._sent100 = true;
};

proto.writeProcessing = function writeProcessing(callback) {
    this._raw('HTTP/1.1 102 Processing\r\n\r\n', 'latin1', callback);
};

proto.writeEarlyHints = function writeEarlyHints(hints, callback) {
    if (hints === null || typeof hints !== 'object' || Array.isArray(hints)) throw invalidArgType('hints', 'Object', hints);
    if (hints.link === null || hints.link === undefined) return;
    const links = [].concat(hints.link);
    for (const link of links) {
        if (typeof link !== 'string' || !/^\s*<[^>]*>(?:\s*;.*)?$/.test(link)) {
            throw make(TypeError, 'ERR_INVALID_ARG_VALUE', `The argument 'hints' must be an array or string of format "</styles.css>; rel=preload; as=style". Received ${require('util').inspect(link)}`);
        }
    }
    if (links.length === 0) return;
    let text = `HTTP/1.1 103 Early Hints\r\nLink: ${links.join(', ')}\r\n`;
    for (const name of Object.keys(hints)) {
        if (name.toLowerCase() === 'link') continue;
        require('_http_common').validateHeaderName(name);
        require('_http_common').validateHeaderValue(name, hints[name]);
        text += `${name}: ${hints[name]}\r\n`;
    }
    if (isInvalid(links.join(', '))) throw make(TypeError, 'ERR_INVALID_CHAR', 'Invalid character in header content ["Link"]');
    this._raw(text + '\r\n', 'latin1', callback);
};

proto._implicitHeader = function () { this.writeHead(this.statusCode); };

proto.writeHead = function writeHead(status, reason, fields) {
    if (this._header) throw make(Error, 'ERR_HTTP_HEADERS_SENT', 'Cannot write headers after they are sent to the client');
    const given = status;
    status |= 0;
    if (status < 100 || status > 999) throw make(RangeError, 'ERR_HTTP_INVALID_STATUS_CODE', `Invalid status code: ${given}`);
    if (typeof reason === 'string') this.statusMessage = reason;
    else {
        if (!this.statusMessage) this.statusMessage = STATUS_CODES[status] || 'unknown';
        if (fields === undefined || fields === null) fields = reason;
    }
    this.statusCode = status;
    let own = false;
    if (this[kOutHeaders]) {
        // Fields given here win over those set before.
        if (fields) {
            const list = [...pairsOf(fields)];
            const isList = Array.isArray(fields);
            if (isList) for (const [name] of list) this.removeHeader(String(name));
            for (const [name, value] of list) { if (name) { if (isList) this.appendHeader(name, value); else this.setHeader(name, value); } }
        }
        fields = this[kOutHeaders];
        own = true;
    }
    if (isInvalid(this.statusMessage)) throw make(TypeError, 'ERR_INVALID_CHAR', 'Invalid character in statusMessage');
    if (status === 204 || status === 304 || (status >= 100 && status <= 199)) this._hasBody = false;
    // Who was not told to go on may send the body, or not: the connection cannot be used again.
    if (this._expect_continue && !this._sent100) this.shouldKeepAlive = false;
    this._storeHeader(`HTTP/1.1 ${status} ${this.statusMessage}\r\n`, fields, own);
    return this;
};
proto.writeHeader = proto.writeHead;

// ---- the server -----------------------------------------------------------------------------------------------------

function storeHTTPOptions(options) {
    this._IncomingMessage = options.IncomingMessage || IncomingMessage;
    this._ServerResponse = options.ServerResponse || ServerResponse;
    if (options.maxHeaderSize !== undefined) validateInteger(options.maxHeaderSize, 'maxHeaderSize', 0);
    this.maxHeaderSize = options.maxHeaderSize;
    for (const name of ['insecureHTTPParser', 'requireHostHeader', 'joinDuplicateHeaders', 'rejectNonStandardBodyWrites']) {
        const value = options[name];
        if (value !== undefined && typeof value !== 'boolean') throw invalidArgType(`options.${name}`, 'boolean', value);
    }
    this.insecureHTTPParser = options.insecureHTTPParser;
    const times = { requestTimeout: 300000, headersTimeout: 60000, keepAliveTimeout: 5000, connectionsCheckingInterval: 30000 };
    for (const name of Object.keys(times)) {
        const value = options[name];
        if (value !== undefined) validateInteger(value, name, 0);
        times[name] = value;
    }
    this.requestTimeout = times.requestTimeout === undefined ? 300000 : times.requestTimeout;
    if (times.headersTimeout !== undefined) this.headersTimeout = times.headersTimeout;
    else this.headersTimeout = this.requestTimeout > 0 ? Math.min(60000, this.requestTimeout) : 60000;
    if (this.requestTimeout > 0 && this.headersTimeout > 0 && this.headersTimeout > this.requestTimeout) {
        throw outOfRange('headersTimeout', '<= requestTimeout', times.headersTimeout);
    }
    this.keepAliveTimeout = times.keepAliveTimeout === undefined ? 5000 : times.keepAliveTimeout;
    this.connectionsCheckingInterval = times.connectionsCheckingInterval === undefined ? 30000 : times.connectionsCheckingInterval;
    this.requireHostHeader = options.requireHostHeader === undefined ? true : options.requireHostHeader;
    this.joinDuplicateHeaders = options.joinDuplicateHeaders;
    this.rejectNonStandardBodyWrites = Boolean(options.rejectNonStandardBodyWrites);
    if (options.noDelay === undefined) options.noDelay = true;
}

// What an HTTP server has on top of the socket server it is built on.
function setUp(server, options, listener) {
    storeHTTPOptions.call(server, options);
    if (listener) server.on('request', listener);
    server.timeout = 0;
    server.maxHeadersCount = null;
    server.maxRequestsPerSocket = 0;
    server._connections_ = new Set();
}

function Server(options, listener) {
    if (!(this instanceof Server)) return new Server(options, listener);
    if (typeof options === 'function') { listener = options; options = {}; }
    else if (options === undefined || options === null) options = {};
    else if (typeof options !== 'object' || Array.isArray(options)) throw invalidArgType('options', 'Object', options);
    else options = { ...options };
    setUp(this, options, listener);
    net.Server.call(this, { ...options, allowHalfOpen: true, noDelay: options.noDelay, keepAlive: options.keepAlive,
        keepAliveInitialDelay: options.keepAliveInitialDelay, highWaterMark: options.highWaterMark });
    this.httpAllowHalfOpen = false;
    this.on('connection', connectionListener);
}
Object.setPrototypeOf(Server.prototype, net.Server.prototype);
Object.setPrototypeOf(Server, net.Server);

const methodsOfServer = {
    setTimeout(ms, callback) {
        this.timeout = ms;
        if (callback) this.on('timeout', callback);
        return this;
    },
    closeAllConnections() { for (const one of this._connections_) one.socket.destroy(); },
    closeIdleConnections() { for (const one of this._connections_) if (isIdle(one)) one.socket.destroy(); },
};
Object.assign(Server.prototype, methodsOfServer);
Server.prototype.close = function close(...args) {
    this._httpClosed = true;
    this.closeIdleConnections();
    return net.Server.prototype.close.apply(this, args);
};
Server.prototype[Symbol.for('nodejs.rejection')] = function (error, event, ...args) {
    if (event !== 'request') { net.Server.prototype[Symbol.for('nodejs.rejection')]?.call(this, error, event, ...args); return; }
    const response = args[1];
    if (response && !response.headersSent && !response.writableEnded) {
        for (const name of response.getHeaderNames()) response.removeHeader(name);
        response.statusCode = 500;
        response.end(STATUS_CODES[500]);
    } else if (response) response.destroy();
};
if (Symbol.asyncDispose) {
    Server.prototype[Symbol.asyncDispose] = function () {
        return new Promise((resolve, reject) => this.close((error) => { if (error) reject(error); else resolve(); }));
    };
}

function isIdle(connection) {
    return connection.outgoing.length === 0 && !connection.socket._httpMessage && connection.reader.isBetween;
}

// Requests of one connection that wait for their turn; beyond it nothing is read.
const MAX_PIPELINE = 32;

function connectionListener(socket) {
    const server = this;
    const reader = new Reader(false, socket, server.maxHeaderSize);
    reader.Message = server._IncomingMessage;
    reader.joinDuplicateHeaders = server.joinDuplicateHeaders;
    if (typeof server.maxHeadersCount === 'number') reader.maxHeaderPairs = server.maxHeadersCount << 1;
    const connection = { server, socket, reader, outgoing: [], incoming: [], pending: 0, requests: 0, idle: false, timer: null, held: false, upgraded: false };
    server._connections_.add(connection);
    socket.server = server;
    socket.parser = reader;
    socket._httpMessage = null;
    if (server.timeout) socket.setTimeout(server.timeout);
    connection.listeners = {
        data: (bytes) => {
            // Asked for each time: a listener may come late.
            reader.upgrades = server.listenerCount('upgrade') > 0;
            if (connection.idle) wake(connection);
            reader.execute(bytes);
            watchTime(connection);
        },
        end: () => ended(connection),
        close: () => closed(connection),
        error: (error) => socketFailed(connection, error),
        timeout: () => timedOut(connection),
        drain: () => drained(connection),
    };
    for (const name of Object.keys(connection.listeners)) socket.on(name, connection.listeners[name]);
    reader.onHead = (request, keepsAlive) => incoming(connection, request, keepsAlive);
    reader.onUpgrade = (request, rest) => upgraded(connection, request, rest);
    reader.onMessageEnd = () => watchTime(connection);
    reader.onFault = (error) => socketFailed(connection, error);
    reader.headSince = reader.messageSince = Date.now();
    watchTime(connection);
}

// One timer per connection: for the head, then for the whole request. Between requests the keep-alive time rules.
function watchTime(connection) {
    const { server, reader } = connection;
    if (connection.timer !== null) { clearTimeout(connection.timer); connection.timer = null; }
    if (connection.upgraded || reader.messageSince === 0) return;
    const now = Date.now();
    let until = Infinity;
    if (server.headersTimeout > 0 && reader.headSince !== 0) until = reader.headSince + server.headersTimeout;
    if (server.requestTimeout > 0) until = Math.min(until, reader.messageSince + server.requestTimeout);
    if (until === Infinity) return;
    // Node looks from time to time; so late a request may be, and a timer holds no process.
    connection.timer = setTimeout(() => {
        connection.timer = null;
        const error = make(Error, 'ERR_HTTP_REQUEST_TIMEOUT', 'Request timeout');
        socketFailed(connection, error);
    }, Math.max(until - now, 1));
    connection.timer.unref();
}

function wake(connection) {
    connection.idle = false;
    if (connection.socket.timeout !== connection.server.timeout) connection.socket.setTimeout(connection.server.timeout || 0);
}

function flow(connection, size) {
    connection.pending += size;
    const { socket } = connection;
    const full = connection.pending >= socket.writableHighWaterMark || connection.outgoing.length >= MAX_PIPELINE;
    if (full && !connection.held) {
        connection.held = true;
        socket._httpHeld = true;
        socket.pause();
    } else if (!full && connection.held) {
        connection.held = false;
        socket._httpHeld = false;
        if (!connection.reader.incoming || !connection.reader.incoming._readPaused) socket.resume();
    }
}

function incoming(connection, request, keepsAlive) {
    const { server, socket } = connection;
    connection.incoming.push(request);
    connection.requests++;
    const response = new server._ServerResponse(request, {
        highWaterMark: socket.writableHighWaterMark, rejectNonStandardBodyWrites: server.rejectNonStandardBodyWrites,
    });
    if (request.upgrade) { connection.incoming.pop(); return; }
    response._keepAliveTimeout = server.keepAliveTimeout;
    response._maxRequestsPerSocket = server.maxRequestsPerSocket;
    response.maxRequestsOnConnectionReached = false;
    response._onPendingData = (size) => flow(connection, size);
    response.shouldKeepAlive = keepsAlive;
    if (socket._httpMessage) { connection.outgoing.push(response); flow(connection, 0); } else response.assignSocket(socket);
    response.on('finish', () => finished(connection, request, response));

    if (server.maxRequestsPerSocket > 0) {
        response.maxRequestsOnConnectionReached = server.maxRequestsPerSocket <= connection.requests;
        if (server.maxRequestsPerSocket < connection.requests) {
            server.emit('dropRequest', request, socket);
            response.writeHead(503);
            response.end();
            return;
        }
    }
    if (server.requireHostHeader && request.httpVersionMinor === 1 && request.headers.host === undefined) {
        response.writeHead(400, ['Connection', 'close']);
        response.end();
        return;
    }
    const expects = request.headers.expect;
    if (expects !== undefined && request.httpVersionMinor === 1) {
        if (continueExpression.test(expects)) {
            response._expect_continue = true;
            if (server.listenerCount('checkContinue') > 0) server.emit('checkContinue', request, response);
            else { response.writeContinue(); server.emit('request', request, response); }
        } else if (server.listenerCount('checkExpectation') > 0) {
            server.emit('checkExpectation', request, response);
        } else {
            response.writeHead(417);
            response.end();
        }
        return;
    }
    server.emit('request', request, response);
}

function finished(connection, request, response) {
    const { socket, server } = connection;
    const at = connection.incoming.indexOf(request);
    if (at >= 0) connection.incoming.splice(at, 1);
    // Nobody wants the rest of its body.
    if (!request._consumed || !request.readableEnded) request._dump();
    if (socket._httpMessage === response) response.detachSocket(socket);
    process.nextTick(() => {
        if (!response._closed) {
            response.destroyed = true;
            response._closed = true;
            response.emit('close');
        }
    });
    if (response._last) {
        if (typeof socket.destroySoon === 'function') socket.destroySoon(); else socket.end();
        return;
    }
    if (connection.outgoing.length > 0) {
        const next = connection.outgoing.shift();
        flow(connection, 0);
        next.assignSocket(socket);
        return;
    }
    if (server._httpClosed && !server.listening && connection.reader.isBetween) { if (socket.destroySoon) socket.destroySoon(); else socket.end(); return; }
    if (server.keepAliveTimeout > 0 && connection.reader.isBetween) {
        connection.idle = true;
        socket.setTimeout(server.keepAliveTimeout);
    }
}

function upgraded(connection, request, rest) {
    const { socket, server, listeners } = connection;
    connection.upgraded = true;
    watchTime(connection);
    for (const name of Object.keys(listeners)) socket.removeListener(name, listeners[name]);
    server._connections_.delete(connection);
    socket.parser = null;
    const name = request.method === 'CONNECT' ? 'connect' : 'upgrade';
    request.upgrade = true;
    request.complete = true;
    request.push(null);
    if (server.listenerCount(name) > 0) {
        socket._readableState.flowing = null;
        server.emit(name, request, socket, rest);
    } else {
        socket.destroy();
    }
}

function ended(connection) {
    const { socket, reader, server } = connection;
    reader.finish();
    if (socket.destroyed) return;
    if (!server.httpAllowHalfOpen) {
        abortIncoming(connection);
        socket.end();
    } else if (connection.outgoing.length > 0) {
        connection.outgoing[connection.outgoing.length - 1]._last = true;
    } else if (socket._httpMessage) {
        socket._httpMessage._last = true;
    } else {
        socket.end();
    }
}

function abortIncoming(connection) {
    for (const request of connection.incoming.splice(0)) if (!request.complete || !request.readableEnded) request.destroy(connResetException('aborted'));
}

function closed(connection) {
    connection.server._connections_.delete(connection);
    connection.reader.detached = true;
    if (connection.timer !== null) { clearTimeout(connection.timer); connection.timer = null; }
    abortIncoming(connection);
}

// What the peer is told of its fault, if it was told nothing yet.
const ANSWERS = {
    HPE_HEADER_OVERFLOW: 431,
    HPE_CHUNK_EXTENSIONS_OVERFLOW: 413,
    ERR_HTTP_REQUEST_TIMEOUT: 408,
};

function socketFailed(connection, error) {
    const { socket, server, reader } = connection;
    if (connection.failed) return;
    connection.failed = true;
    reader.detached = true;
    if (connection.timer !== null) { clearTimeout(connection.timer); connection.timer = null; }
    // Errors of the socket after this one are nobody's.
    socket.removeListener('error', connection.listeners.error);
    socket.on('error', () => {});
    if (server.listenerCount('clientError') > 0) { server.emit('clientError', error, socket); return; }
    if (socket.writable && (!socket._httpMessage || !socket._httpMessage._headerSent)) {
        const status = ANSWERS[error.code] || 400;
        const text = `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\n\r\n`;
        if (socket._httpMessage && !socket._httpMessage._headerSent && error.code !== 'ECONNRESET') socket._httpMessage = null;
        socket.write(text, 'latin1', () => socket.destroy(error));
        // Should the peer not read it, this connection goes all the same.
        const gone = setTimeout(() => socket.destroy(error), 2000);
        gone.unref();
    } else {
        socket.destroy(error);
    }
}

function timedOut(connection) {
    const { socket, server, reader } = connection;
    const request = reader.incoming, response = socket._httpMessage;
    const heard = [request && !request.complete && request.emit('timeout', socket),
        response && response.emit('timeout', socket), server.emit('timeout', socket)];
    if (!heard.some(Boolean)) socket.destroy();
}

function drained(connection) {
    const message = connection.socket._httpMessage;
    if (message && !message.finished && message[kNeedDrain]) {
        message[kNeedDrain] = false;
        message.emit('drain');
    }
}

module.exports = {
    STATUS_CODES, Server, ServerResponse, methods, _connectionListener: connectionListener,
    setUp, methodsOfServer, storeHTTPOptions, kServerResponse: Symbol('ServerResponse'), httpServerPreClose: (server) => server.closeIdleConnections(),
};
