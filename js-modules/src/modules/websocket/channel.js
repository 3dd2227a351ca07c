'use strict';
// One open WebSocket over a socket: frames in and out, pings answered, the closing handshake. Clients and servers,
// Node's layer and the dialect use it.

const wire = require('internal/http/native');
// Of Node also in the dialect, whose own global ones are other objects.
const { setTimeout, clearTimeout } = require('timers');

const TEXT = 1, BINARY = 2, CLOSE = 8, PING = 9, PONG = 10, FAULT = 16;

// Pongs that a peer which does not read makes us owe; beyond, it is cut off.
const MAX_OWED = 1 << 20;

// `on`: text(string), binary(Buffer), ping(Buffer), pong(Buffer), drain(), closing(code, reason),
// closed(code, reason, clean, error). Text and binary may give back false: nothing more is read until `resume`.
class Channel {
    constructor(socket, isClient, on, maxMessage) {
        this.socket = socket;
        this.isClient = isClient;
        this.on = on;
        this.reader = wire.wsReader(!isClient, maxMessage || 64 * 1024 * 1024);
        this.sentClose = false;
        this.gotClose = false;
        this.over = false;
        this.paused = false;
        this.waiting = [];
        this.code = 1006;
        this.reason = '';
        this.timer = null;
        this.autoPong = true;
        this.bytesIn = this.bytesOut = this.payloadIn = this.payloadOut = 0;
    }

    // Begins to read; `rest` came with the handshake.
    start(rest) {
        const { socket } = this;
        if (socket.setTimeout) socket.setTimeout(0);
        socket.on('data', (bytes) => this.feed(bytes));
        socket.on('drain', () => { if (this.on.drain && !this.over) this.on.drain(); });
        socket.on('error', (error) => { this.error = error; });
        socket.on('end', () => { if (this.waiting.length === 0) this.hungUp(); else this.ended = true; });
        socket.on('close', () => this.finish());
        if (socket.destroyed) { this.finish(); return; }
        if (rest && rest.length > 0) this.feed(rest);
        if (!this.paused) socket.resume();
    }

    hungUp() {
        this.socket.end();
        if (!this.sentClose || !this.gotClose) this.socket.destroy();
    }

    feed(bytes) {
        if (this.over) return;
        this.bytesIn += bytes.length;
        const list = wire.wsFeed(this.reader, bytes);
        for (let i = 0; i < list.length; i++) this.waiting.push(list[i]);
        this.hand();
    }

    // Hands on what was read, until somebody wants a rest.
    hand() {
        if (this.handing) return;
        this.handing = true;
        try {
            while (this.waiting.length > 0 && !this.paused && !this.over) {
                const kind = this.waiting.shift(), value = this.waiting.shift();
                this.one(kind, value);
            }
        } finally {
            this.handing = false;
        }
        if (this.ended && this.waiting.length === 0) this.hungUp();
    }

    one(kind, value) {
        switch (kind) {
            case TEXT: this.payloadIn += value.length; if (this.on.text(value) === false) this.pause(); break;
            case BINARY: this.payloadIn += value.length; if (this.on.binary(value) === false) this.pause(); break;
            case PING:
                if (this.on.ping) this.on.ping(value);
                if (!this.autoPong || this.sentClose || this.over) break;
                if (this.socket.writableLength > MAX_OWED) this.socket.destroy();
                else this.send(PONG, value);
                break;
            case PONG: if (this.on.pong) this.on.pong(value); break;
            case CLOSE: {
                [this.code, this.reason] = value;
                this.gotClose = true;
                if (this.on.closing) this.on.closing(this.code, this.reason);
                if (!this.sentClose) this.sendClose(this.code === 1005 ? undefined : this.code, '');
                // The server ends the connection first (RFC 6455 section 7.1.1).
                if (!this.isClient) this.socket.end(); else this.deadline(5000);
                break;
            }
            case FAULT: {
                const [code, text] = value;
                this.error = Object.assign(new RangeError(`Invalid WebSocket frame: ${text}`), { code: 'WS_ERR_INVALID_FRAME' });
                if (!this.sentClose) this.sendClose(code, text.slice(0, 100));
                this.code = 1006;
                this.waiting = [];
                this.socket.end();
                this.deadline(1000);
                break;
            }
        }
    }

    pause() {
        this.paused = true;
        this.socket.pause();
    }

    resume() {
        if (!this.paused) return;
        this.paused = false;
        this.hand();
        if (!this.paused && !this.over) this.socket.resume();
    }

    // Gives back false when the peer should be let catch up (`drain`).
    send(opcode, payload, callback) {
        if (this.sentClose || this.over || this.socket.destroyed) { if (callback) process.nextTick(callback); return false; }
        const bytes = wire.wsFrame(opcode, payload, this.isClient, true);
        this.payloadOut += payload === undefined ? 0 : payload.length;
        this.bytesOut += bytes.length;
        return this.socket.write(bytes, callback);
    }

    sendClose(code, reason) {
        let payload;
        if (code !== undefined) {
            payload = Buffer.alloc(2 + Buffer.byteLength(reason));
            payload.writeUInt16BE(code, 0);
            payload.write(reason, 2);
        }
        this.send(CLOSE, payload);
        this.sentClose = true;
    }

    close(code, reason, ms) {
        if (this.sentClose || this.over) return;
        this.sendClose(reason && code === undefined ? 1000 : code, reason || '');
        if (this.gotClose) this.socket.end();
        // What is still on its way must not hold up the answer.
        if (this.paused) { this.waiting = []; this.resume(); }
        this.deadline(ms || 30000);
    }

    deadline(ms) {
        if (this.timer !== null) clearTimeout(this.timer);
        this.timer = setTimeout(() => this.socket.destroy(), ms);
    }

    finish() {
        if (this.over) return;
        this.over = true;
        if (this.timer !== null) { clearTimeout(this.timer); this.timer = null; }
        const clean = this.gotClose && this.sentClose;
        this.on.closed(this.gotClose ? this.code : 1006, this.gotClose ? this.reason : '', clean, clean ? undefined : this.error);
    }
}

module.exports = { Channel, TEXT, BINARY, CLOSE, PING, PONG };
