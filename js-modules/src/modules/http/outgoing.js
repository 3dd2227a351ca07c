'use strict';
// A message that goes out: a request of a client, a response of a server.

const { Stream } = require('stream');
const { make, invalidArgType } = require('internal/errors');
const { utcDate, validateHeaderName, validateHeaderValue, kOutHeaders, kNeedDrain, chunkExpression,
    _checkInvalidHeaderChar: isInvalid } = require('_http_common');

const MARK = 64 * 1024;
const kCorked = Symbol('corked');
const kErrored = Symbol('errored');
const kChunks = Symbol('chunks');
const kBytes = Symbol('kBytesWritten');

function OutgoingMessage(options) {
    Stream.call(this);
    // Bytes that wait for a socket: { data, encoding, callback }.
    this.outputData = [];
    this.outputSize = 0;
    this.writable = true;
    this.destroyed = false;
    this._last = false;
    this.chunkedEncoding = false;
    this.shouldKeepAlive = true;
    this.maxRequestsOnConnectionReached = false;
    this._defaultKeepAlive = true;
    this.useChunkedEncodingByDefault = true;
    this.sendDate = false;
    this._removedConnection = false;
    this._removedContLen = false;
    this._removedTE = false;
    this.strictContentLength = false;
    this[kBytes] = 0;
    this._contentLength = null;
    this._hasBody = true;
    this._trailer = '';
    this[kNeedDrain] = false;
    this.finished = false;
    this._headerSent = false;
    this[kCorked] = 0;
    this[kChunks] = [];
    this._closed = false;
    this.socket = null;
    this._header = null;
    this[kOutHeaders] = null;
    this._keepAliveTimeout = 0;
    this._onPendingData = nothing;
    this[kErrored] = null;
    this._mark = options && options.highWaterMark !== undefined ? options.highWaterMark : MARK;
    this.rejectNonStandardBodyWrites = Boolean(options && options.rejectNonStandardBodyWrites);
}
Object.setPrototypeOf(OutgoingMessage.prototype, Stream.prototype);
Object.setPrototypeOf(OutgoingMessage, Stream);
function nothing() {}

const proto = OutgoingMessage.prototype;
const getters = {
    errored() { return this[kErrored]; },
    closed() { return this._closed; },
    writableFinished() { return this.finished && this.outputSize === 0 && (!this.socket || this.socket.writableLength === 0); },
    writableObjectMode() { return false; },
    writableLength() { return this.outputSize + chunkBytes(this) + (this.socket ? this.socket.writableLength : 0); },
    writableHighWaterMark() { return this.socket ? this.socket.writableHighWaterMark : this._mark; },
    writableCorked() { return this[kCorked]; },
    writableEnded() { return this.finished; },
    writableNeedDrain() { return !this.destroyed && !this.finished && this[kNeedDrain]; },
    headersSent() { return Boolean(this._header); },
};
for (const name of Object.keys(getters)) {
    Object.defineProperty(proto, name, { get: getters[name], configurable: true, enumerable: name === 'headersSent' });
}
Object.defineProperty(proto, 'connection', {
    get: function () { return this.socket; },
    set: function (socket) { this.socket = socket; },
    configurable: true,
});
Object.defineProperty(proto, '_headers', {
    get: function () { return this.getHeaders(); },
    set: function (all) {
        if (all === null) { this[kOutHeaders] = null; return; }
        const into = this[kOutHeaders] = Object.create(null);
        for (const name of Object.keys(all)) into[name.toLowerCase()] = [name, all[name]];
    },
    configurable: true,
});
Object.defineProperty(proto, '_headerNames', {
    get: function () {
        const fields = this[kOutHeaders];
        if (fields === null) return null;
        const names = Object.create(null);
        for (const key of Object.keys(fields)) names[key] = fields[key][0];
        return names;
    },
    configurable: true,
});

function chunkBytes(message) {
    let n = 0;
    for (const chunk of message[kChunks]) n += chunk.data.length;
    return n;
}

// ---- fields ---------------------------------------------------------------------------------------------------------

function headersSent(what) {
    return make(Error, 'ERR_HTTP_HEADERS_SENT', `Cannot ${what} headers after they are sent to the client`);
}

function checkField(name, value) {
    validateHeaderName(name);
    if (Array.isArray(value)) for (const one of value) validateHeaderValue(name, one);
    else validateHeaderValue(name, value);
}

function checkString(value, name) {
    if (typeof value !== 'string') throw invalidArgType(name, 'string', value);
}

proto.setHeader = function setHeader(name, value) {
    if (this._header) throw headersSent('set');
    checkField(name, value);
    if (this[kOutHeaders] === null) this[kOutHeaders] = Object.create(null);
    this[kOutHeaders][name.toLowerCase()] = [name, value];
    return this;
};

proto.setHeaders = function setHeaders(fields) {
    if (this._header) throw headersSent('set');
    const isMap = fields && typeof fields === 'object' && typeof fields.entries === 'function' &&
        typeof fields.get === 'function' && !Array.isArray(fields);
    if (!isMap) throw invalidArgType('headers', ['Headers', 'Map'], fields);
    const cookies = [];
    for (const [name, value] of fields) {
        if (name === 'set-cookie') { if (Array.isArray(value)) cookies.push(...value); else cookies.push(value); } else this.setHeader(name, value);
    }
    if (cookies.length > 0) this.setHeader('set-cookie', cookies);
    return this;
};

proto.appendHeader = function appendHeader(name, value) {
    if (this._header) throw headersSent('append');
    checkField(name, value);
    if (this[kOutHeaders] === null) this[kOutHeaders] = Object.create(null);
    const key = name.toLowerCase(), before = this[kOutHeaders][key];
    if (before === undefined) this[kOutHeaders][key] = [name, value];
    else before[1] = [].concat(before[1], value);
    return this;
};

proto.getHeader = function getHeader(name) {
    checkString(name, 'name');
    const entry = this[kOutHeaders] === null ? undefined : this[kOutHeaders][name.toLowerCase()];
    return entry && entry[1];
};

proto.getHeaderNames = function getHeaderNames() { return this[kOutHeaders] === null ? [] : Object.keys(this[kOutHeaders]); };

proto.getRawHeaderNames = function getRawHeaderNames() {
    return this[kOutHeaders] === null ? [] : Object.values(this[kOutHeaders]).map((entry) => entry[0]);
};

proto.getHeaders = function getHeaders() {
    const all = Object.create(null), fields = this[kOutHeaders];
    if (fields !== null) for (const key of Object.keys(fields)) all[key] = fields[key][1];
    return all;
};

proto.hasHeader = function hasHeader(name) {
    checkString(name, 'name');
    return this[kOutHeaders] !== null && this[kOutHeaders][name.toLowerCase()] !== undefined;
};

proto.removeHeader = function removeHeader(name) {
    checkString(name, 'name');
    if (this._header) throw headersSent('remove');
    const key = name.toLowerCase();
    if (key === 'connection') this._removedConnection = true;
    else if (key === 'content-length') this._removedContLen = true;
    else if (key === 'transfer-encoding') this._removedTE = true;
    else if (key === 'date') this.sendDate = false;
    if (this[kOutHeaders] !== null) delete this[kOutHeaders][key];
};

proto._renderHeaders = function () {
    if (this._header) throw make(Error, 'ERR_HTTP_HEADERS_SENT', 'Cannot render headers after they are sent to the client');
    const all = {}, fields = this[kOutHeaders];
    if (fields !== null) for (const key of Object.keys(fields)) all[fields[key][0]] = fields[key][1];
    return all;
};

// ---- the head -------------------------------------------------------------------------------------------------------

// Name and value pairs of whatever a script gives as fields.
function* pairsOf(fields) {
    if (fields === null || fields === undefined) return;
    if (Array.isArray(fields)) {
        if (fields.length > 0 && Array.isArray(fields[0])) {
            for (const entry of fields) yield [entry[0], entry[1]];
        } else {
            if (fields.length % 2 !== 0) {
                throw make(TypeError, 'ERR_INVALID_ARG_VALUE', `The argument 'headers' is invalid. Received ${require('util').inspect(fields)}`);
            }
            for (let i = 0; i < fields.length; i += 2) yield [fields[i], fields[i + 1]];
        }
        return;
    }
    for (const name of Object.keys(fields)) yield [name, fields[name]];
}

// Writes the head into `_header`: the fields given, then those that the message needs. `own` are already checked.
proto._storeHeader = function _storeHeader(firstLine, fields, own) {
    const seen = { connection: false, contLen: false, te: false, date: false, expect: false, trailer: false, upgrade: false };
    let text = firstLine;
    const one = (name, value, key) => {
        switch (key) {
            case 'connection':
                seen.connection = true;
                this._removedConnection = false;
                if (/(?:^|\W)close(?:$|\W)/i.test(value)) this._last = true; else this.shouldKeepAlive = true;
                break;
            case 'transfer-encoding':
                seen.te = true;
                this._removedTE = false;
                if (chunkExpression.test(value)) this.chunkedEncoding = true;
                break;
            case 'content-length':
                seen.contLen = true;
                this._contentLength = Number(value);
                this._removedContLen = false;
                break;
            case 'date': seen.date = true; break;
            case 'expect': seen.expect = true; break;
            case 'trailer': seen.trailer = true; break;
            case 'upgrade': seen.upgrade = true; break;
            case 'keep-alive': this._defaultKeepAlive = false; break;
        }
        text += `${name}: ${value}\r\n`;
    };
    const add = (name, value, checked) => {
        if (!checked) validateHeaderName(name);
        const key = name.toLowerCase();
        if (Array.isArray(value)) {
            if (value.length >= 2 && key === 'cookie') {
                if (!checked) for (const part of value) validateHeaderValue(name, part);
                one(name, value.join('; '), key);
                return;
            }
            for (const part of value) {
                if (!checked) validateHeaderValue(name, part);
                one(name, part, key);
            }
            return;
        }
        if (!checked) validateHeaderValue(name, value);
        one(name, key === 'content-disposition' && this._contentLength ? Buffer.from(String(value), 'latin1').toString('latin1') : value, key);
    };
    if (own) for (const key of Object.keys(fields)) add(fields[key][0], fields[key][1], true);
    else for (const [name, value] of pairsOf(fields)) add(name, value, false);

    if (this.sendDate && !seen.date) text += `Date: ${utcDate()}\r\n`;
    if (this.chunkedEncoding && (this.statusCode === 204 || this.statusCode === 304)) {
        // Nothing follows: a stray zero chunk would be taken for the next message.
        this.chunkedEncoding = false;
        this.shouldKeepAlive = false;
    }
    if (this._removedConnection) {
        this._last = !this.shouldKeepAlive || this._last;
        this.shouldKeepAlive = false;
        this._last = true;
    } else if (!seen.connection) {
        const stays = this.shouldKeepAlive && (seen.contLen || this.useChunkedEncodingByDefault || this.agent);
        if (stays && this.maxRequestsOnConnectionReached) text += 'Connection: close\r\n';
        else if (stays) {
            text += 'Connection: keep-alive\r\n';
            if (this._keepAliveTimeout && this._defaultKeepAlive) {
                const seconds = Math.floor(this._keepAliveTimeout / 1000);
                const max = this._maxRequestsPerSocket > 0 ? `, max=${this._maxRequestsPerSocket}` : '';
                text += `Keep-Alive: timeout=${seconds}${max}\r\n`;
            }
        } else {
            this._last = true;
            text += 'Connection: close\r\n';
        }
    }
    if (!seen.contLen && !seen.te) {
        if (!this._hasBody) {
            this.chunkedEncoding = false;
        } else if (!this.useChunkedEncodingByDefault) {
            this._last = true;
        } else if (!seen.trailer && !this._removedContLen && typeof this._contentLength === 'number') {
            text += `Content-Length: ${this._contentLength}\r\n`;
        } else if (!this._removedTE) {
            text += 'Transfer-Encoding: chunked\r\n';
            this.chunkedEncoding = true;
        } else {
            // Neither is allowed, so only the end of the connection can end the body.
            this._last = true;
        }
    }
    if (seen.trailer && !this.chunkedEncoding) {
        throw make(Error, 'ERR_HTTP_TRAILER_INVALID', 'Trailers are invalid with this transfer encoding');
    }
    this._header = text + '\r\n';
    this._headerSent = false;
    if (seen.expect) this._send('');
};

proto._implicitHeader = function () {
    throw make(Error, 'ERR_METHOD_NOT_IMPLEMENTED', 'The _implicitHeader() method is not implemented');
};

proto.flushHeaders = function flushHeaders() {
    if (!this._header) this._implicitHeader();
    this._send('');
};

proto.addTrailers = function addTrailers(fields) {
    this._trailer = '';
    for (const [name, value] of pairsOf(fields)) {
        validateHeaderName(name, 'Trailer name');
        if (isInvalid(value)) throw make(TypeError, 'ERR_INVALID_CHAR', `Invalid character in trailer content ["${name}"]`);
        this._trailer += `${name}: ${value}\r\n`;
    }
};

// ---- bytes ----------------------------------------------------------------------------------------------------------

// Sends `data`, behind the head if that was not sent.
proto._send = function _send(data, encoding, callback, size) {
    if (!this._headerSent) {
        const head = this._header;
        this._headerSent = true;
        const textual = typeof data === 'string' && (encoding === 'utf8' || encoding === 'latin1' || !encoding);
        if (textual && data.length === 0) { data = head; encoding = 'latin1'; } else {
            this._raw(head, 'latin1', undefined);
        }
    }
    return this._raw(data, encoding, callback, size);
};

proto._writeRaw = function (data, encoding, callback) { return this._raw(data, encoding, callback); };

proto._raw = function (data, encoding, callback) {
    const socket = this.socket;
    if (socket && socket.destroyed) return false;
    if (typeof encoding === 'function') { callback = encoding; encoding = null; }
    if (socket && socket._httpMessage === this && socket.writable) {
        if (this.outputData.length > 0) this._flushOutput(socket);
        return socket.write(data, encoding || undefined, callback);
    }
    this.outputData.push({ data, encoding, callback });
    this.outputSize += data.length;
    this._onPendingData(data.length);
    return this.outputSize < this._mark;
};

// The socket is ours now: what waited goes out.
proto._flush = function _flush() {
    const socket = this.socket;
    if (!socket || !socket.writable) return;
    const room = this._flushOutput(socket);
    if (this.finished) this._finish();
    else if (room && this[kNeedDrain]) {
        this[kNeedDrain] = false;
        this.emit('drain');
    }
};

proto._flushOutput = function _flushOutput(socket) {
    const waiting = this.outputData;
    if (waiting.length === 0) return true;
    const size = this.outputSize;
    this.outputData = [];
    this.outputSize = 0;
    let room = true;
    socket.cork();
    for (const { data, encoding, callback } of waiting) room = socket.write(data, encoding || undefined, callback);
    socket.uncork();
    this._onPendingData(-size);
    return room;
};

proto.cork = function cork() {
    this[kCorked]++;
    if (this.socket) this.socket.cork();
};

proto.uncork = function uncork() {
    if (this[kCorked] > 0) this[kCorked]--;
    if (this.socket) this.socket.uncork();
    if (this[kCorked] > 0 || this[kChunks].length === 0) return;
    const chunks = this[kChunks].splice(0), all = [];
    for (const { data, encoding } of chunks) all.push(typeof data === 'string' ? Buffer.from(data, encoding || 'utf8') : data);
    const body = Buffer.concat(all), callbacks = chunks.map((one) => one.callback).filter(Boolean);
    this._send(`${body.length.toString(16)}\r\n`, 'latin1');
    this._send(body);
    const more = this._send('\r\n', 'latin1', callbacks.length > 0 ? (error) => { for (const callback of callbacks) callback(error); } : undefined);
    if (more && this[kNeedDrain]) {
        this[kNeedDrain] = false;
        this.emit('drain');
    }
};

proto.write = function write(chunk, encoding, callback) {
    if (typeof encoding === 'function') { callback = encoding; encoding = null; }
    const more = write_(this, chunk, encoding, callback, false);
    if (!more) this[kNeedDrain] = true;
    return more;
};

function fail(message, error, callback) {
    process.nextTick(() => {
        if (!message.destroyed) message.emit('error', error);
        callback(error);
    });
}

function write_(message, chunk, encoding, callback, fromEnd) {
    if (typeof callback !== 'function') callback = nothing;
    if (chunk === null) throw make(TypeError, 'ERR_STREAM_NULL_VALUES', 'May not write null values to stream');
    if (typeof chunk !== 'string' && !(chunk instanceof Uint8Array)) {
        throw invalidArgType('chunk', ['string', 'Buffer', 'Uint8Array'], chunk);
    }
    const size = typeof chunk === 'string' ? Buffer.byteLength(chunk, encoding || undefined) : chunk.length;
    let error;
    if (message.finished) error = make(Error, 'ERR_STREAM_WRITE_AFTER_END', 'write after end');
    else if (message.destroyed) error = make(Error, 'ERR_STREAM_DESTROYED', 'Cannot call write after a stream was destroyed');
    if (error) {
        if (!message.destroyed) fail(message, error, callback);
        else process.nextTick(callback, error);
        return false;
    }
    if (!message._header) {
        if (fromEnd && message._contentLength === null) message._contentLength = size;
        message._implicitHeader();
    }
    if (!message._hasBody) {
        if (message.rejectNonStandardBodyWrites) throw make(Error, 'ERR_HTTP_BODY_NOT_ALLOWED', 'Adding content for this request method or response status is not allowed.');
        process.nextTick(callback);
        return true;
    }
    if (message.strictContentLength && message._contentLength !== null && !message.chunkedEncoding && !message._removedContLen) {
        message[kBytes] += size;
        if (message[kBytes] > message._contentLength || (fromEnd && message[kBytes] !== message._contentLength)) throw mismatch(message[kBytes], message._contentLength);
    }
    // One packet for what is written in one turn.
    if (!fromEnd && message.socket && !message.socket.writableCorked) {
        const socket = message.socket;
        socket.cork();
        process.nextTick(() => socket.uncork());
    }
    if (message.chunkedEncoding && size !== 0) {
        if (message[kCorked] > 0 && !fromEnd) {
            message[kChunks].push({ data: chunk, encoding, callback: callback === nothing ? undefined : callback });
            return chunkBytes(message) < message._mark;
        }
        message._send(`${size.toString(16)}\r\n`, 'latin1');
        message._send(chunk, encoding);
        return message._send('\r\n', 'latin1', callback);
    }
    return message._send(chunk, encoding, callback);
}

function mismatch(is, wanted) {
    return make(Error, 'ERR_HTTP_CONTENT_LENGTH_MISMATCH', `Response body's content-length of ${is} byte(s) does not match the content-length of ${wanted} byte(s) set in header`);
}

proto.end = function end(chunk, encoding, callback) {
    if (typeof chunk === 'function') { callback = chunk; chunk = null; encoding = null; }
    else if (typeof encoding === 'function') { callback = encoding; encoding = null; }
    if (chunk !== null && chunk !== undefined) {
        if (this.finished) {
            fail(this, make(Error, 'ERR_STREAM_WRITE_AFTER_END', 'write after end'), typeof callback === 'function' ? callback : nothing);
            return this;
        }
        if (this.socket) this.socket.cork();
        write_(this, chunk, encoding, null, true);
    } else if (this.finished) {
        if (typeof callback === 'function') {
            if (!this.writableFinished) this.on('finish', callback);
            else callback(make(Error, 'ERR_STREAM_ALREADY_FINISHED', 'Cannot call end after a stream was finished'));
        }
        return this;
    } else if (!this._header) {
        if (this.socket) this.socket.cork();
        this._contentLength = 0;
        this._implicitHeader();
    }
    if (typeof callback === 'function') this.once('finish', callback);
    if (this.strictContentLength && this._hasBody && this._contentLength !== null && !this.chunkedEncoding && this[kBytes] !== this._contentLength) throw mismatch(this[kBytes], this._contentLength);
    if (this[kCorked] > 0) { this[kCorked] = 1; this.uncork(); }
    const done = () => this._wrote();
    if (this._hasBody && this.chunkedEncoding) this._send(`0\r\n${this._trailer}\r\n`, 'latin1', done);
    else if (!this._headerSent || this.writableLength || chunk) this._send('', 'latin1', done);
    else process.nextTick(done);
    if (this.socket) {
        while (this.socket.writableCorked > 1) this.socket.uncork();
        this.socket.uncork();
    }
    this[kCorked] = 0;
    this.finished = true;
    if (this.outputData.length === 0 && this.socket && this.socket._httpMessage === this) this._finish();
    return this;
};

// The last byte was handed to the system.
proto._wrote = function () { this.emit('finish'); };

proto._finish = function _finish() { this.emit('prefinish'); };

proto.destroy = function destroy(error) {
    if (this.destroyed) return this;
    this.destroyed = true;
    this[kErrored] = error || null;
    if (this.socket) this.socket.destroy(error);
    else this.once('socket', (socket) => socket.destroy(error));
    return this;
};
proto._markErrored = function (error) { this[kErrored] = error; };

proto.setTimeout = function setTimeout(ms, callback) {
    if (callback) this.on('timeout', callback);
    if (!this.socket) this.once('socket', (socket) => socket.setTimeout(ms));
    else this.socket.setTimeout(ms);
    return this;
};

proto.pipe = function pipe() {
    this.emit('error', make(Error, 'ERR_STREAM_CANNOT_PIPE', 'Cannot pipe, not readable'));
};

proto[Symbol.for('nodejs.rejection')] = function (error) { this.destroy(error); };

module.exports = { OutgoingMessage, validateHeaderName, validateHeaderValue, parseUniqueHeadersOption: (list) => list, kHighWaterMark: MARK, pairsOf };
