'use strict';
// What both sides of HTTP share: checks of fields, the reader of a connection, dates.

const wire = require('internal/http/native');
const { make, invalidArgType, validateString } = require('internal/errors');
const { IncomingMessage } = require('_http_incoming');

// The kinds of events that the native reader gives.
const HEAD = 1, BODY = 2, TRAILERS = 3, END = 4, UPGRADE = 5, FAULT = 6;

const methods = wire.methods();

function checkIsHttpToken(text) { return wire.isToken(text); }
function checkInvalidHeaderChar(text) { return !wire.isFieldValue(text); }

function validateHeaderName(name, label) {
    if (typeof name !== 'string' || !wire.isToken(name)) {
        throw make(TypeError, 'ERR_INVALID_HTTP_TOKEN', `${label || 'Header name'} must be a valid HTTP token ["${name}"]`);
    }
}

function validateHeaderValue(name, value) {
    if (value === undefined) {
        throw make(TypeError, 'ERR_HTTP_INVALID_HEADER_VALUE', `Invalid value "${value}" for header "${name}"`);
    }
    if (!wire.isFieldValue(value)) {
        throw make(TypeError, 'ERR_INVALID_CHAR', `Invalid character in header content ["${name}"]`);
    }
}

let date, dateUntil = 0;
// The text of the present second.
function utcDate() {
    const now = Date.now();
    if (now >= dateUntil) {
        date = new Date(now).toUTCString();
        dateUntil = now - now % 1000 + 1000;
    }
    return date;
}

function parseError(fault, packet) {
    const error = make(Error, fault[0], `Parse Error: ${fault[1]}`);
    error.reason = fault[1];
    error.bytesParsed = fault[2];
    error.rawPacket = packet;
    return error;
}

function connResetException(text) { return make(Error, 'ECONNRESET', text); }

// Reads the messages of one socket. The owner gives:
//   onHead(message, head) -> nothing; called before the body
//   onUpgrade(message, rest), onMessageEnd(message), onFault(error)
// and sets `upgrades`, `noBody`, `connect` before the bytes come.
class Reader {
    constructor(isResponse, socket, maxHeaderSize) {
        this.handle = wire.parser(isResponse, maxHeaderSize || exports.maxHeaderSize);
        this.isResponse = isResponse;
        this.socket = socket;
        this.upgrades = false;
        this.noBody = false;
        this.connect = false;
        this.incoming = null;
        this.maxHeaderPairs = 2000;
        this.joinDuplicateHeaders = false;
        this.Message = IncomingMessage;
        // When the present head began to come in, and when the whole message did; 0 between messages.
        this.headSince = 0;
        this.messageSince = 0;
        this.detached = false;
    }

    execute(bytes) {
        if (this.headSince === 0 && this.incoming === null) this.headSince = this.messageSince = Date.now();
        this.run(wire.feed(this.handle, bytes, this.upgrades, this.noBody, this.connect), bytes);
        if (this.incoming === null && this.headSince !== 0 && wire.isBetween(this.handle)) this.headSince = this.messageSince = 0;
    }

    finish() { this.run(wire.finish(this.handle), undefined); }

    get isBetween() { return this.incoming === null && wire.isBetween(this.handle); }

    run(events, packet) {
        for (let i = 0; i < events.length && !this.detached; i += 2) {
            const value = events[i + 1];
            switch (events[i]) {
                case HEAD: this.head(value); break;
                case BODY: {
                    const message = this.incoming;
                    if (message !== null && !message._dumped && !message.push(value)) this.full(message);
                    break;
                }
                case TRAILERS: if (this.incoming !== null) this.incoming._addHeaderLines(value, this.fieldsOf(value), true); break;
                case END: this.end(); break;
                case UPGRADE: {
                    const message = this.incoming;
                    this.incoming = null;
                    this.detached = true;
                    this.onUpgrade(message, value);
                    return;
                }
                case FAULT: this.onFault(parseError(value, packet)); return;
            }
        }
    }

    // How many texts of a list of fields are taken.
    fieldsOf(list) { return this.maxHeaderPairs > 0 ? Math.min(list.length, this.maxHeaderPairs) : list.length; }

    head([minor, what, text, fields, asksUpgrade, upgrades, keepsAlive]) {
        const message = new this.Message(this.socket);
        message.joinDuplicateHeaders = this.joinDuplicateHeaders;
        message.httpVersionMajor = 1;
        message.httpVersionMinor = minor;
        message.httpVersion = '1.' + minor;
        if (this.isResponse) {
            message.statusCode = what;
            message.statusMessage = text;
        } else {
            message.method = what;
            message.url = text;
        }
        message.upgrade = asksUpgrade && upgrades;
        message._addHeaderLines(fields, this.fieldsOf(fields), false);
        this.incoming = message;
        this.headSince = 0;
        this.onHead(message, keepsAlive);
    }

    end() {
        const message = this.incoming;
        this.incoming = null;
        this.headSince = this.messageSince = 0;
        if (message === null) return;
        message.complete = true;
        message.push(null);
        this.onMessageEnd(message);
    }

    // The script reads slower than the peer sends.
    full(message) {
        if (this.socket && !this.socket.destroyed) {
            message._readPaused = true;
            this.socket.pause();
        }
    }
}

exports.methods = methods;
exports.chunkExpression = /(?:^|\W)chunked(?:$|\W)/i;
exports.continueExpression = /(?:^|\W)100-continue(?:$|\W)/i;
exports._checkIsHttpToken = checkIsHttpToken;
exports._checkInvalidHeaderChar = checkInvalidHeaderChar;
exports.validateHeaderName = validateHeaderName;
exports.validateHeaderValue = validateHeaderValue;
exports.utcDate = utcDate;
exports.connResetException = connResetException;
exports.parseError = parseError;
exports.Reader = Reader;
exports.invalidArgType = invalidArgType;
exports.validateString = validateString;
exports.maxHeaderSize = 16 * 1024;
// Where an outgoing message keeps its fields: lower-case name to [name, value].
exports.kOutHeaders = Symbol('kOutHeaders');
exports.kNeedDrain = Symbol('kNeedDrain');
