'use strict';
// `Blob` and `File`: bytes with a type, never changed.

const { ReadableStream } = require('internal/fetch/stream');
const { invalidArgType } = require('internal/errors');

const kBytes = Symbol('bytes');
const PIECE = 64 * 1024;

function bytesOf(part) {
    if (part instanceof Blob) return part[kBytes];
    // A copy: what the script changes later is not ours.
    if (part instanceof ArrayBuffer) return Buffer.from(part.slice(0));
    if (ArrayBuffer.isView(part)) return Buffer.from(Buffer.from(part.buffer, part.byteOffset, part.byteLength));
    return Buffer.from(String(part));
}

function typeOf(given) {
    const text = given === undefined ? '' : String(given);
    return /[^\u0020-\u007e]/.test(text) ? '' : text.toLowerCase();
}

class Blob {
    constructor(parts = [], options = {}) {
        if (parts === null || typeof parts !== 'object' || typeof parts[Symbol.iterator] !== 'function') throw invalidArgType('sources', 'a sequence', parts);
        if (options !== null && typeof options !== 'object' && typeof options !== 'function') throw invalidArgType('options', 'Object', options);
        const all = [];
        for (const part of parts) {
            const native = options && options.endings === 'native' && typeof part === 'string';
            all.push(bytesOf(native ? part.replace(/\r\n?/g, '\n') : part));
        }
        Object.defineProperty(this, kBytes, { value: all.length === 1 ? all[0] : Buffer.concat(all) });
        Object.defineProperty(this, '_type', { value: typeOf(options ? options.type : undefined) });
    }
    get size() { return this[kBytes].length; }
    get type() { return this._type; }
    slice(start = 0, end = this.size, type = '') {
        const at = (n) => (n < 0 ? Math.max(this.size + n, 0) : Math.min(n, this.size));
        const from = at(Number(start) || 0), to = at(end === undefined ? this.size : Number(end) || 0);
        const made = Object.create(Blob.prototype);
        Object.defineProperty(made, kBytes, { value: this[kBytes].subarray(from, Math.max(from, to)) });
        Object.defineProperty(made, '_type', { value: typeOf(type) });
        return made;
    }
    async arrayBuffer() {
        const bytes = this[kBytes];
        return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length);
    }
    async bytes() { return new Uint8Array(await this.arrayBuffer()); }
    async text() { return new TextDecoder().decode(this[kBytes]); }
    stream() {
        const bytes = this[kBytes];
        let at = 0;
        return new ReadableStream({
            pull(controller) {
                if (at >= bytes.length) { controller.close(); return; }
                controller.enqueue(new Uint8Array(bytes.subarray(at, at + PIECE)));
                at += PIECE;
            },
        }, { highWaterMark: 0 });
    }
    get [Symbol.toStringTag]() { return 'Blob'; }
}

class File extends Blob {
    constructor(parts, name, options = {}) {
        if (arguments.length < 2) throw new TypeError(`2 arguments required, but only ${arguments.length} present.`);
        super(parts, options);
        Object.defineProperty(this, '_name', { value: String(name) });
        const given = options ? options.lastModified : undefined;
        Object.defineProperty(this, '_lastModified', { value: given === undefined ? Date.now() : Number(given) || 0 });
    }
    get name() { return this._name; }
    get lastModified() { return this._lastModified; }
    get webkitRelativePath() { return ''; }
    get [Symbol.toStringTag]() { return 'File'; }
}

module.exports = { Blob, File, kBytes };
