'use strict';
// `WebSocket` of the WHATWG: the client, over `http` and `https`.

const { EventTarget, Event } = require('internal/event_target');
const wire = require('internal/http/native');
const { URL } = require('internal/url');
const { Blob, bytesOf } = require('internal/blob');
const { Channel } = require('internal/websocket/channel');

class MessageEvent extends Event {
    #init;
    constructor(type, init = {}) { super(type, init); this.#init = init; }
    get data() { return this.#init.data === undefined ? null : this.#init.data; }
    get origin() { return this.#init.origin || ''; }
    get lastEventId() { return this.#init.lastEventId || ''; }
    get source() { return this.#init.source || null; }
    get ports() { return this.#init.ports || []; }
}

class CloseEvent extends Event {
    #init;
    constructor(type, init = {}) { super(type, init); this.#init = init; }
    get wasClean() { return Boolean(this.#init.wasClean); }
    get code() { return this.#init.code || 0; }
    get reason() { return this.#init.reason || ''; }
}

class ErrorEvent extends Event {
    #init;
    constructor(type, init = {}) { super(type, init); this.#init = init; }
    get message() { return this.#init.message || ''; }
    get error() { return this.#init.error; }
}

const CONNECTING = 0, OPEN = 1, CLOSING = 2, CLOSED = 3;

// How long the peer may take to agree to a close.
const CLOSE_MS = 30000;

function syntaxError(text) { return new (require('internal/dom_exception'))(text, 'SyntaxError'); }

class WebSocket extends EventTarget {
    #url; #state = CONNECTING; #protocol = ''; #channel = null; #request; #buffered = 0; #binary = 'blob'; #handlers = {};

    constructor(url, protocols = []) {
        super();
        if (arguments.length < 1) throw new TypeError('WebSocket constructor: 1 argument required, but only 0 present.');
        try { this.#url = new URL(String(url)); } catch (e) { throw syntaxError(`Invalid URL: ${url}`); }
        if (this.#url.protocol === 'http:') this.#url.protocol = 'ws:';
        else if (this.#url.protocol === 'https:') this.#url.protocol = 'wss:';
        if (this.#url.protocol !== 'ws:' && this.#url.protocol !== 'wss:') throw syntaxError(`Expected a ws: or wss: protocol, got ${this.#url.protocol}`);
        if (this.#url.hash || this.#url.href.endsWith('#')) throw syntaxError('Got fragment');
        // undici's second form: { protocols, headers }.
        const extra = protocols !== null && typeof protocols === 'object' && !Array.isArray(protocols) && typeof protocols[Symbol.iterator] !== 'function' ? protocols : {};
        if (extra === protocols) protocols = extra.protocols === undefined ? [] : extra.protocols;
        const list = typeof protocols === 'string' ? [protocols] : [...protocols].map(String);
        if (new Set(list.map((one) => one.toLowerCase())).size !== list.length || !list.every((one) => wire.isToken(one))) {
            throw syntaxError('Invalid Sec-WebSocket-Protocol value');
        }
        this.#connect(list, extra.headers);
    }

    #connect(protocols, headers) {
        const key = wire.wsKey(), secure = this.#url.protocol === 'wss:';
        const fields = {
            ...(headers ? Object.fromEntries(new (require('internal/fetch/headers').Headers)(headers)) : {}),
            Upgrade: 'websocket', Connection: 'Upgrade', 'Sec-WebSocket-Key': key, 'Sec-WebSocket-Version': '13',
        };
        if (protocols.length > 0) fields['Sec-WebSocket-Protocol'] = protocols.join(', ');
        const at = new URL(this.#url.href.replace(/^ws/, 'http'));
        const request = this.#request = require(secure ? 'https' : 'http').request(at, { headers: fields, agent: false });
        request.on('upgrade', (response, socket, rest) => {
            this.#request = null;
            const chosen = response.headers['sec-websocket-protocol'];
            const right = /^websocket$/i.test(response.headers.upgrade || '') && response.headers['sec-websocket-accept'] === wire.wsAccept(key) &&
                response.headers['sec-websocket-extensions'] === undefined && (chosen === undefined || protocols.includes(chosen));
            if (!right || this.#state !== CONNECTING) {
                socket.destroy();
                this.#fail('the server\'s answer to the handshake is wrong');
                return;
            }
            this.#opened(socket, rest, chosen || '');
        });
        request.on('response', (response) => {
            response.resume();
            request.destroy();
            this.#fail('Received network error or non-101 status code.');
        });
        request.on('error', (e) => this.#fail(e.message, e));
        request.end();
    }

    #opened(socket, rest, protocol) {
        this.#protocol = protocol;
        this.#state = OPEN;
        this.#channel = new Channel(socket, true, {
            text: (data) => this.#message(data),
            binary: (bytes) => this.#message(this.#binary === 'blob' ? new Blob([bytes]) : bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length)),
            closing: () => { if (this.#state === OPEN) this.#state = CLOSING; },
            closed: (code, reason, clean, error) => this.#closed(code, reason, clean, error),
        });
        this.dispatchEvent(new Event('open'));
        this.#channel.start(rest);
    }

    #message(data) {
        if (this.#state === OPEN) this.dispatchEvent(new MessageEvent('message', { data, origin: this.#url.origin }));
    }

    #fail(message, error) {
        if (this.#state === CLOSED) return;
        this.#request = null;
        this.#closed(1006, '', false, error || new Error(message));
    }

    #closed(code, reason, clean, error) {
        if (this.#state === CLOSED) return;
        this.#state = CLOSED;
        if (error) this.dispatchEvent(new ErrorEvent('error', { message: error.message, error }));
        this.dispatchEvent(new CloseEvent('close', { code, reason, wasClean: clean }));
    }

    send(data) {
        if (arguments.length < 1) throw new TypeError('WebSocket.send: 1 argument required, but only 0 present.');
        if (this.#state === CONNECTING) throw new (require('internal/dom_exception'))('Sent before connected.', 'InvalidStateError');
        let payload = data, opcode = 2;
        if (data instanceof Blob) payload = bytesOf(data);
        else if (data instanceof ArrayBuffer) payload = Buffer.from(data);
        else if (ArrayBuffer.isView(data)) payload = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
        else { payload = Buffer.from(String(data)); opcode = 1; }
        // What cannot be sent any more still counts (WHATWG 9.3).
        this.#buffered += payload.length;
        if (this.#state !== OPEN) return;
        this.#channel.send(opcode, payload, () => { this.#buffered -= payload.length; });
    }

    close(code = undefined, reason = undefined) {
        if (code !== undefined && code !== 1000 && !(code >= 3000 && code <= 4999)) {
            throw new (require('internal/dom_exception'))('invalid code', 'InvalidAccessError');
        }
        const text = reason === undefined ? '' : String(reason);
        if (Buffer.byteLength(text) > 123) throw syntaxError(`Reason must be less than 123 bytes; received ${Buffer.byteLength(text)}`);
        if (this.#state >= CLOSING) return;
        if (this.#state === CONNECTING) {
            this.#state = CLOSING;
            const request = this.#request;
            this.#request = null;
            if (request) { request.on('error', () => {}); request.destroy(); }
            process.nextTick(() => this.#closed(1006, '', false, new Error('closed before the connection was established')));
            return;
        }
        this.#state = CLOSING;
        this.#channel.close(code, text, CLOSE_MS);
    }

    get url() { return this.#url.href; }
    get readyState() { return this.#state; }
    get bufferedAmount() { return this.#buffered; }
    get protocol() { return this.#protocol; }
    get extensions() { return ''; }
    get binaryType() { return this.#binary; }
    set binaryType(type) { this.#binary = type === 'arraybuffer' ? 'arraybuffer' : 'blob'; }

    static on(name) {
        Object.defineProperty(WebSocket.prototype, 'on' + name, {
            get: function () { return this.#handlers[name] ? this.#handlers[name].given : null; },
            set: function (given) {
                const before = this.#handlers[name];
                if (before) this.removeEventListener(name, before.listener);
                delete this.#handlers[name];
                if (typeof given !== 'function') return;
                const listener = (event) => given.call(this, event);
                this.#handlers[name] = { given, listener };
                this.addEventListener(name, listener);
            },
            enumerable: true,
            configurable: true,
        });
    }
    get [Symbol.toStringTag]() { return 'WebSocket'; }
}
for (const name of ['open', 'message', 'error', 'close']) WebSocket.on(name);
delete WebSocket.on;
for (const [name, value] of [['CONNECTING', CONNECTING], ['OPEN', OPEN], ['CLOSING', CLOSING], ['CLOSED', CLOSED]]) {
    Object.defineProperty(WebSocket, name, { value, enumerable: true });
    Object.defineProperty(WebSocket.prototype, name, { value, enumerable: true });
}

module.exports = { WebSocket, MessageEvent, CloseEvent, ErrorEvent };
