'use strict';

// Blob and File: immutable bytes with a type, in memory.

const { invalidArgType, invalidArgValue, make } = require('internal/errors');

const kInspect = Symbol.for('nodejs.util.inspect.custom');
const noParts = Symbol('no parts');
// What a stream of a blob hands out at a time.
const PIECE = 64 * 1024;

function wrongThis(type) {
    return make(TypeError, 'ERR_INVALID_THIS', `Value of "this" must be of type ${type}`);
}

function cleanType(type) {
    const text = `${type}`;
    return /[^\u{0020}-\u{007E}]/u.test(text) ? '' : text.toLowerCase();
}

function bytesOf(part, endings) {
    if (isBlob(part)) return inside(part);
    if (part instanceof ArrayBuffer || (typeof SharedArrayBuffer !== 'undefined' && part instanceof SharedArrayBuffer)) {
        return Buffer.from(new Uint8Array(part));
    }
    if (ArrayBuffer.isView(part)) return Buffer.from(new Uint8Array(part.buffer, part.byteOffset, part.byteLength));
    let text = `${part}`;
    if (endings === 'native') text = text.replace(/\r\n|\r/g, '\n');
    return Buffer.from(text.toWellFormed());
}

class Blob {
    #bytes;

    #type;

    constructor(sources = [], options = {}) {
        if (sources === noParts) {
            [this.#bytes, this.#type] = options;
            return;
        }
        if (sources === null || typeof sources !== 'object' || typeof sources[Symbol.iterator] !== 'function') {
            throw invalidArgType('sources', 'a sequence', sources);
        }
        if (options === null || (typeof options !== 'object' && typeof options !== 'function')) throw invalidArgType('options', 'object', options);
        const { type = '', endings = 'transparent' } = options;
        const shown = `${endings}`;
        if (shown !== 'transparent' && shown !== 'native') throw invalidArgValue('options.endings', endings);
        this.#bytes = Buffer.concat(Array.from(sources, (part) => bytesOf(part, shown)));
        this.#type = cleanType(type);
    }

    static bytesOf(blob) {
        return #bytes in blob ? blob.#bytes : undefined;
    }

    get type() {
        if (!isBlob(this)) throw wrongThis('Blob');
        return this.#type;
    }

    get size() {
        if (!isBlob(this)) throw wrongThis('Blob');
        return this.#bytes.length;
    }

    slice(start = 0, end = undefined, contentType = '') {
        if (!isBlob(this)) throw wrongThis('Blob');
        const { length } = this.#bytes;
        const clamp = (value) => (value < 0 ? Math.max(length + value, 0) : Math.min(value, length));
        const from = clamp(Math.trunc(start) || 0);
        const to = end === undefined ? length : clamp(Math.trunc(end) || 0);
        // The bytes never change, so a part shares them.
        return new Blob(noParts, [this.#bytes.subarray(from, Math.max(from, to)), cleanType(contentType)]);
    }

    async arrayBuffer() {
        if (!isBlob(this)) throw wrongThis('Blob');
        return Uint8Array.from(this.#bytes).buffer;
    }

    async bytes() {
        if (!isBlob(this)) throw wrongThis('Blob');
        return Uint8Array.from(this.#bytes);
    }

    async text() {
        if (!isBlob(this)) throw wrongThis('Blob');
        return new TextDecoder().decode(this.#bytes);
    }

    stream() {
        if (!isBlob(this)) throw wrongThis('Blob');
        const { ReadableStream } = require('internal/fetch/stream');
        const bytes = this.#bytes;
        let at = 0;
        return new ReadableStream({
            pull(controller) {
                if (at >= bytes.length) { controller.close(); return; }
                controller.enqueue(Uint8Array.from(bytes.subarray(at, at + PIECE)));
                at += PIECE;
            },
        }, { highWaterMark: 0 });
    }

    [kInspect](depth, options, inspect) {
        if (depth < 0) return this;
        return `${this.constructor.name} ${inspect({ size: this.size, type: this.type }, { ...options, depth: options.depth === null ? null : options.depth - 1 })}`;
    }
}

const { bytesOf: inside } = Blob;
delete Blob.bytesOf;

function isBlob(value) {
    return value !== null && typeof value === 'object' && inside(value) !== undefined;
}

class File extends Blob {
    #name;

    #modified;

    constructor(sources, name, options = {}) {
        if (arguments.length < 2) throw make(TypeError, 'ERR_MISSING_ARGS', 'The "sources" and "fileName" arguments must be specified');
        super(sources, options);
        const { lastModified } = options ?? {};
        this.#modified = lastModified === undefined ? Date.now() : Math.trunc(Number(lastModified)) || 0;
        this.#name = `${name}`.toWellFormed();
    }

    get name() {
        if (!(#name in this)) throw wrongThis('File');
        return this.#name;
    }

    get lastModified() {
        if (!(#name in this)) throw wrongThis('File');
        return this.#modified;
    }

    [kInspect](depth, options, inspect) {
        if (depth < 0) return this;
        return `File ${inspect({ size: this.size, type: this.type, name: this.#name, lastModified: this.#modified }, options)}`;
    }
}

for (const [Class, names] of [[Blob, ['type', 'size', 'slice', 'arrayBuffer', 'text', 'stream']], [File, ['name', 'lastModified']]]) {
    for (const name of names) Object.defineProperty(Class.prototype, name, { enumerable: true });
    Object.defineProperty(Class.prototype, Symbol.toStringTag, { configurable: true, value: Class.name });
}

// Blobs by their address, until they are revoked.
const urls = new Map();
const MAX_URLS = 10000;

function createObjectURL(blob) {
    if (arguments.length === 0) throw make(TypeError, 'ERR_MISSING_ARGS', 'The "obj" argument must be specified');
    if (!isBlob(blob)) throw invalidArgType('obj', 'Blob', blob);
    if (urls.size >= MAX_URLS) throw make(RangeError, 'ERR_OUT_OF_RANGE', `more than ${MAX_URLS} object URLs; revoke some first`);
    const name = `blob:nodedata:${Date.now().toString(16)}-${(urls.size + 1).toString(16)}-${Math.random().toString(16).slice(2)}`;
    urls.set(name, blob);
    return name;
}

exports.Blob = Blob;
// The bytes themselves, for the host's own modules.
exports.bytesOf = inside;
exports.File = File;
exports.createObjectURL = createObjectURL;
exports.revokeObjectURL = function revokeObjectURL(url) {
    if (arguments.length === 0) throw make(TypeError, 'ERR_MISSING_ARGS', 'The "url" argument must be specified');
    urls.delete(`${url}`);
};
exports.resolveObjectURL = (url) => {
    const blob = urls.get(`${url}`);
    return blob && blob.slice(0, blob.size, blob.type);
};
