'use strict';

const { make, invalidArgType } = require('internal/errors');

function normalize(encoding) {
    const name = encoding === undefined || encoding === null ? 'utf8' : `${encoding}`.toLowerCase();
    if (!Buffer.isEncoding(name)) throw make(TypeError, 'ERR_UNKNOWN_ENCODING', `Unknown encoding: ${encoding}`);
    if (name === 'utf-8') return 'utf8';
    if (name === 'binary') return 'latin1';
    if (['ucs2', 'ucs-2', 'utf-16le'].includes(name)) return 'utf16le';
    return name;
}

// How many bytes at the end of a chunk belong to a character that is not complete yet.
function incomplete(encoding, bytes) {
    const n = bytes.length;
    if (encoding === 'base64' || encoding === 'base64url') return n % 3;
    if (encoding === 'utf16le') {
        const odd = n % 2;
        const last = n - odd - 1;
        // A high surrogate waits for its partner.
        return last > 0 && (bytes[last] & 0xFC) === 0xD8 ? odd + 2 : odd;
    }
    if (encoding !== 'utf8') return 0;
    for (let back = 1; back <= Math.min(3, n); back++) {
        const byte = bytes[n - back];
        if ((byte & 0xC0) === 0x80) continue;
        const need = byte >= 0xF0 && byte <= 0xF4 ? 4 : byte >= 0xE0 && byte < 0xF0 ? 3 : byte >= 0xC2 && byte < 0xE0 ? 2 : 1;
        if (need <= back || !valid(byte, bytes.subarray(n - back + 1))) return 0;
        return back;
    }
    return 0;
}

// Whether the bytes after a lead byte can still become a character.
function valid(lead, rest) {
    if (rest.length === 0) return true;
    const second = rest[0];
    if (lead === 0xE0 && second < 0xA0) return false;
    if (lead === 0xED && second > 0x9F) return false;
    if (lead === 0xF0 && second < 0x90) return false;
    return !(lead === 0xF4 && second > 0x8F);
}

function StringDecoder(encoding) {
    this.encoding = normalize(encoding);
    Object.defineProperty(this, '_rest', { value: Buffer.alloc(0), writable: true });
}

StringDecoder.prototype.write = function write(chunk) {
    if (typeof chunk === 'string') return chunk;
    if (!ArrayBuffer.isView(chunk)) throw invalidArgType('buf', ['Buffer', 'TypedArray', 'DataView'], chunk);
    let bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    if (this._rest.length) bytes = Buffer.concat([this._rest, bytes]);
    const keep = incomplete(this.encoding, bytes);
    // Copied: the caller may reuse its buffer.
    this._rest = Buffer.from(bytes.subarray(bytes.length - keep));
    return bytes.toString(this.encoding, 0, bytes.length - keep);
};

StringDecoder.prototype.end = function end(chunk) {
    let text = chunk === undefined ? '' : this.write(chunk);
    if (this._rest.length) {
        text += this._rest.toString(this.encoding);
        this._rest = Buffer.alloc(0);
    }
    return text;
};

StringDecoder.prototype.text = function text(chunk, offset) {
    this._rest = Buffer.alloc(0);
    return this.write(chunk.subarray(offset));
};

for (const [name, read] of [
    ['lastChar', (decoder) => Buffer.concat([decoder._rest, Buffer.alloc(4)], 4)],
    ['lastTotal', (decoder) => decoder._rest.length + need(decoder)],
    ['lastNeed', (decoder) => need(decoder)],
]) {
    Object.defineProperty(StringDecoder.prototype, name, {
        configurable: true,
        enumerable: true,
        get() {
            return read(this);
        },
    });
}

function need({ encoding, _rest: rest }) {
    if (rest.length === 0) return 0;
    if (encoding === 'utf16le') return rest.length % 2 ? 1 : 2;
    if (encoding !== 'utf8') return 3 - rest.length;
    return (rest[0] >= 0xF0 ? 4 : rest[0] >= 0xE0 ? 3 : 2) - rest.length;
}

exports.StringDecoder = StringDecoder;
