'use strict';
// A message that comes in: a request on a server, a response on a client.

const { Readable, finished } = require('stream');

function inherits(Child, Parent) {
    Object.setPrototypeOf(Child.prototype, Parent.prototype);
    Object.setPrototypeOf(Child, Parent);
}

const PARTS = {
    headers: ['rawHeaders', Symbol('headers')],
    trailers: ['rawTrailers', Symbol('trailers')],
};
const DISTINCT = {
    headersDistinct: ['rawHeaders', Symbol('headersDistinct')],
    trailersDistinct: ['rawTrailers', Symbol('trailersDistinct')],
};

// Of these only the first counts; a second is dropped.
const SINGLE = new Set(['age', 'authorization', 'content-length', 'content-type', 'etag', 'expires', 'from', 'host',
    'if-modified-since', 'if-unmodified-since', 'last-modified', 'location', 'max-forwards', 'proxy-authorization',
    'referer', 'retry-after', 'server', 'user-agent']);

function IncomingMessage(socket) {
    Readable.call(this, socket ? { highWaterMark: socket.readableHighWaterMark } : undefined);
    this._readableState.readingMore = true;
    this.socket = socket;
    this.httpVersionMajor = null;
    this.httpVersionMinor = null;
    this.httpVersion = null;
    this.complete = false;
    this.rawHeaders = [];
    this.rawTrailers = [];
    this.joinDuplicateHeaders = false;
    this.aborted = false;
    this.upgrade = null;
    this.url = '';
    this.method = null;
    this.statusCode = null;
    this.statusMessage = null;
    this.client = socket;
    this._consumed = false;
    this._dumped = false;
    this._readPaused = false;
}
inherits(IncomingMessage, Readable);

Object.defineProperty(IncomingMessage.prototype, 'connection', {
    get: function () { return this.socket; },
    set: function (socket) { this.socket = socket; },
    configurable: true,
});

for (const name of Object.keys(PARTS)) {
    const [raw, key] = PARTS[name];
    Object.defineProperty(IncomingMessage.prototype, name, {
        get: function () {
            if (!this[key]) {
                this[key] = {};
                const lines = this[raw];
                for (let i = 0; i < lines.length; i += 2) this._addHeaderLine(lines[i], lines[i + 1], this[key]);
            }
            return this[key];
        },
        set: function (value) { this[key] = value; },
        configurable: true,
    });
}

for (const name of Object.keys(DISTINCT)) {
    const [raw, key] = DISTINCT[name];
    Object.defineProperty(IncomingMessage.prototype, name, {
        get: function () {
            if (!this[key]) {
                const into = this[key] = Object.create(null), lines = this[raw];
                for (let i = 0; i < lines.length; i += 2) this._addHeaderLineDistinct(lines[i], lines[i + 1], into);
            }
            return this[key];
        },
        set: function (value) { this[key] = value; },
        configurable: true,
    });
}

IncomingMessage.prototype.setTimeout = function (ms, callback) {
    if (callback) this.on('timeout', callback);
    this.socket.setTimeout(ms);
    return this;
};

// Reading goes on: the connection that was stopped because of us may, too.
IncomingMessage.prototype._read = function () {
    if (!this._consumed) {
        this._readableState.readingMore = false;
        this._consumed = true;
    }
    if (this._readPaused) {
        this._readPaused = false;
        const socket = this.socket;
        if (socket && !socket.destroyed && socket.readable && !socket._httpHeld) socket.resume();
    }
};

IncomingMessage.prototype._destroy = function (error, callback) {
    if (!this.readableEnded || !this.complete) {
        this.aborted = true;
        this.emit('aborted');
    }
    // A connection whose message is only half read cannot carry another one.
    if (this.socket && !this.socket.destroyed && this.aborted) {
        this.socket.destroy(error);
        const stop = finished(this.socket, (failed) => {
            if (failed && failed.code === 'ERR_STREAM_PREMATURE_CLOSE') failed = null;
            stop();
            process.nextTick(report, this, failed || error, callback);
        });
    } else {
        process.nextTick(report, this, error, callback);
    }
};

function report(message, error, callback) {
    // Nobody who does not listen for errors is to die of a lost connection.
    callback(message.listenerCount('error') > 0 || !error ? error : null);
}

IncomingMessage.prototype._addHeaderLines = function (lines, n, trailers) {
    const all = n < lines.length ? lines.slice(0, n) : lines;
    if (trailers) {
        this.rawTrailers = all;
        this[PARTS.trailers[1]] = undefined;
    } else {
        this.rawHeaders = all;
    }
};

IncomingMessage.prototype._addHeaderLine = function (field, value, into) {
    const name = field.toLowerCase();
    if (name === 'set-cookie') {
        if (into[name] === undefined) into[name] = [value]; else into[name].push(value);
    } else if (into[name] === undefined || !Object.prototype.hasOwnProperty.call(into, name)) {
        into[name] = value;
    } else if (this.joinDuplicateHeaders || !SINGLE.has(name)) {
        into[name] += (name === 'cookie' ? '; ' : ', ') + value;
    }
};

IncomingMessage.prototype._addHeaderLineDistinct = function (field, value, into) {
    const name = field.toLowerCase();
    if (into[name] === undefined) into[name] = [value]; else into[name].push(value);
};

// Whatever still comes is thrown away, so that the connection gets free.
IncomingMessage.prototype._dump = function () {
    if (this._dumped) return;
    this._dumped = true;
    this.removeAllListeners('data');
    this.resume();
};

module.exports = { IncomingMessage };
