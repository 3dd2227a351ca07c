'use strict';

// fs/promises: files as objects that close themselves, and the operations that need one.

const EventEmitter = require('events');
const fs = require('fs');
const args = require('internal/fs/args');
const { abortError, invalidArgType, make } = require('internal/errors');
const { constants, dataOf, optionsOf, pathOf } = args;

const calls = fs._native;
const later = (name, ...given) => new Promise((resolve, reject) => calls.later(name, (error, value) => { if (error) reject(error); else resolve(value); }, ...given));
const CHUNK = 512 * 1024;

class FileHandle extends EventEmitter {
    #fd;
    #closing;

    constructor(fd) {
        super();
        this.#fd = fd;
    }

    get fd() { return this.#fd; }
    getAsyncId() { return 0; }

    async #with(name, given) {
        if (this.#fd === -1) throw Object.assign(make(Error, 'EBADF', 'file closed'), { syscall: name });
        return this.#call(name, given);
    }

    #call(name, given) {
        return new Promise((resolve, reject) => fs[name](this.#fd, ...given, (error, value) => { if (error) reject(error); else resolve(value); }));
    }

    async appendFile(data, options) { return this.writeFile(data, options); }
    async chmod(mode) { return this.#with('fchmod', [mode]); }
    async chown(uid, gid) { return this.#with('fchown', [uid, gid]); }
    async datasync() { return this.#with('fdatasync', []); }
    async sync() { return this.#with('fsync', []); }
    async stat(options) { return this.#with('fstat', [options]); }
    async truncate(size = 0) { return this.#with('ftruncate', [size]); }
    async utimes(atime, mtime) { return this.#with('futimes', [atime, mtime]); }

    async read(buffer, offset, length, position) {
        if (this.#fd === -1) throw Object.assign(make(Error, 'EBADF', 'file closed'), { syscall: 'read' });
        if (!ArrayBuffer.isView(buffer)) {
            if (buffer !== undefined && buffer !== null && typeof buffer !== 'object') throw invalidArgType('buffer', ['Buffer', 'TypedArray', 'DataView'], buffer);
            ({ buffer = Buffer.alloc(16384), offset, length, position } = buffer ?? {});
        } else if (offset !== null && typeof offset === 'object') {
            ({ offset, length, position } = offset);
        }
        return new Promise((resolve, reject) => fs.read(this.#fd, buffer, offset, length, position, (error, bytesRead) => { if (error) reject(error); else resolve({ __proto__: null, bytesRead, buffer }); }));
    }

    async write(buffer, ...rest) {
        if (this.#fd === -1) throw Object.assign(make(Error, 'EBADF', 'file closed'), { syscall: 'write' });
        if (ArrayBuffer.isView(buffer) && buffer.byteLength === 0) return { __proto__: null, bytesWritten: 0, buffer };
        return new Promise((resolve, reject) => fs.write(this.#fd, buffer, ...rest, (error, bytesWritten) => { if (error) reject(error); else resolve({ __proto__: null, bytesWritten, buffer }); }));
    }

    async readv(buffers, position) {
        return new Promise((resolve, reject) => fs.readv(this.#fd, buffers, position, (error, bytesRead) => { if (error) reject(error); else resolve({ __proto__: null, bytesRead, buffers }); }));
    }

    async writev(buffers, position) {
        return new Promise((resolve, reject) => fs.writev(this.#fd, buffers, position, (error, bytesWritten) => { if (error) reject(error); else resolve({ __proto__: null, bytesWritten, buffers }); }));
    }

    async readFile(options) {
        const given = optionsOf(options, { encoding: null });
        return readPieces(this, given);
    }

    async writeFile(data, options) {
        const given = optionsOf(options, { encoding: 'utf8' });
        return writePieces(this, data, given);
    }

    readLines(options) {
        return require('readline').createInterface({ input: this.createReadStream(options), crlfDelay: Infinity });
    }

    readableWebStream() {
        const handle = this;
        return new ReadableStream({
            async pull(controller) {
                const { bytesRead, buffer } = await handle.read(Buffer.alloc(65536));
                if (bytesRead === 0) controller.close(); else controller.enqueue(new Uint8Array(buffer.buffer, buffer.byteOffset, bytesRead));
            },
        });
    }

    createReadStream(options) { return new fs.ReadStream(undefined, { ...optionsOf(options, {}), fd: this }); }
    createWriteStream(options) { return new fs.WriteStream(undefined, { ...optionsOf(options, {}), fd: this }); }

    close() {
        if (this.#fd === -1) return Promise.resolve();
        if (this.#closing !== undefined) return this.#closing;
        const fd = this.#fd;
        this.#fd = -1;
        this.#closing = later('close', fd).finally(() => { this.#closing = undefined; });
        this.emit('close');
        return this.#closing;
    }

    async [Symbol.asyncDispose ?? Symbol.for('nodejs.asyncDispose')]() { return this.close(); }
}

function check(signal) {
    if (signal?.aborted) throw abortError(signal);
}

async function readPieces(handle, { encoding, signal }) {
    const pieces = [];
    for (;;) {
        // Whoever holds the signal gets a turn between two pieces.
        if (signal !== undefined) await new Promise(setImmediate);
        check(signal);
        const { bytesRead, buffer } = await handle.read(Buffer.allocUnsafeSlow(CHUNK), 0, CHUNK, null);
        if (bytesRead === 0) break;
        pieces.push(buffer.subarray(0, bytesRead));
    }
    check(signal);
    const all = Buffer.concat(pieces);
    return encoding && encoding !== 'buffer' ? all.toString(encoding) : all;
}

const isIterable = (value) => value !== null && typeof value === 'object' && !ArrayBuffer.isView(value) && (typeof value[Symbol.asyncIterator] === 'function' || typeof value[Symbol.iterator] === 'function');

async function writePieces(handle, data, { encoding, signal }) {
    const put = async (bytes) => {
        do {
            if (signal !== undefined) await new Promise(setImmediate);
            check(signal);
            const { bytesWritten } = await handle.write(bytes, 0, Math.min(CHUNK, bytes.length));
            bytes = bytes.subarray(bytesWritten);
        } while (bytes.length > 0);
    };
    if (!isIterable(data)) { await put(dataOf(data, encoding)); return; }
    for await (const piece of data) await put(dataOf(piece, encoding));
}

async function open(path, flags, mode) {
    return new FileHandle(await fs._promised(['open', pathOf(path), args.flagsOf(flags), args.modeOf(mode, 'mode', 0o666)], (fd) => fd));
}

const promises = { ...fs._promises, constants, open };
for (const name of ['close', 'fchmod', 'fchown', 'fdatasync', 'fstat', 'fsync', 'ftruncate', 'futimes']) delete promises[name];

Object.assign(promises, {
    async appendFile(path, data, options) {
        const given = optionsOf(options, { encoding: 'utf8', mode: 0o666, flag: 'a' });
        return promises.writeFile(path, data, { ...given, flag: given.flag ?? 'a' });
    },
    async readFile(path, options) {
        const given = optionsOf(options, { encoding: null, flag: 'r' });
        check(given.signal);
        if (path instanceof FileHandle) return readPieces(path, given);
        const handle = await open(path, given.flag);
        try { return await readPieces(handle, given); } finally { await handle.close(); }
    },
    async writeFile(path, data, options) {
        const given = optionsOf(options, { encoding: 'utf8', mode: 0o666, flag: 'w', flush: false });
        if (typeof given.flush !== 'boolean') throw invalidArgType('flush', 'boolean', given.flush);
        if (!isIterable(data)) dataOf(data, given.encoding);
        check(given.signal);
        if (path instanceof FileHandle) return writePieces(path, data, given);
        const handle = await open(path, given.flag, given.mode);
        try {
            await writePieces(handle, data, given);
            if (given.flush) await handle.sync();
        } finally { await handle.close(); }
    },
    async truncate(path, size = 0) {
        const handle = await open(path, 'r+');
        try { await handle.truncate(size); } finally { await handle.close(); }
    },
    rm: (path, options) => new Promise((resolve, reject) => fs.rm(path, options, (error) => { if (error) reject(error); else resolve(); })),
    cp: (from, to, options) => require('internal/fs/tree').copy(from, to, options),
    opendir: (path, options) => new Promise((resolve, reject) => fs.opendir(path, options, (error, folder) => { if (error) reject(error); else resolve(folder); })),
    watch: (path, options) => require('internal/fs/watch').iterate(path, options),
});
for (const name of ['rm', 'opendir', 'cp']) {
    const plain = promises[name];
    promises[name] = { async [name](...given) { return plain(...given); } }[name];
}

module.exports = { FileHandle, promises };
