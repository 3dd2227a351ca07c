'use strict';

// Files as streams.

const fs = require('fs');
const { Readable, Writable, finished } = require('stream');
const { flagsOf, optionsOf, pathOf, descriptor } = require('internal/fs/args');
const { invalidArgType, outOfRange, validateInteger } = require('internal/errors');

// What a stream calls: `fs`, or what the option `fs` gives in its place.
function operations(given, names) {
    const own = given.fs;
    if (own === undefined || own === null) return fs;
    if (typeof own !== 'object') throw invalidArgType('options.fs', 'object', own);
    for (const name of names) if (typeof own[name] !== 'function' && own[name] !== undefined) throw invalidArgType(`options.fs.${name}`, 'function', own[name]);
    return own;
}

function common(stream, path, given) {
    stream._fs = operations(given, ['open', 'read', 'write', 'writev', 'close']);
    stream.flags = given.flags;
    stream.mode = given.mode === undefined ? 0o666 : given.mode;
    stream.path = path;
    if (given.fd === undefined || given.fd === null) {
        stream.path = pathOf(path);
        stream.fd = null;
        flagsOf(given.flags);
    } else if (typeof given.fd === 'object' && typeof given.fd.fd === 'number') {
        stream._file = given.fd;
        stream.fd = given.fd.fd;
        given.fd.on?.('close', () => stream.close());
    } else {
        stream.fd = descriptor(given.fd);
    }
    stream.start = given.start;
    if (given.start !== undefined) {
        validateInteger(given.start, 'start', 0);
        stream.pos = given.start;
    }
}

function opened(stream, callback) {
    if (typeof stream.fd === 'number') { callback(); return; }
    // Those who replaced `open` to open in their own way.
    if (stream.open !== stream._plainOpen) {
        const emit = stream.emit;
        stream.emit = function (...args) {
            if (args[0] === 'open') { this.emit = emit; callback(); Reflect.apply(emit, this, args); }
            else if (args[0] === 'error') { this.emit = emit; callback(args[1]); } else Reflect.apply(emit, this, args);
        };
        stream.open();
        return;
    }
    stream._fs.open(stream.path, stream.flags, stream.mode, (error, fd) => {
        if (error) { callback(error); return; }
        stream.fd = fd;
        callback();
        stream.emit('open', fd);
        stream.emit('ready');
    });
}

function closed(stream, error, callback) {
    const fd = stream.fd;
    stream.fd = null;
    if (typeof fd !== 'number') { callback(error); return; }
    if (stream._file !== undefined) { stream._file.close().then(() => callback(error), (failed) => callback(error ?? failed)); return; }
    stream._fs.close(fd, (failed) => callback(error ?? failed));
}

class ReadStreamClass extends Readable {
    constructor(path, options) {
        const given = optionsOf(options, {});
        const settings = { highWaterMark: 65536, ...given, autoDestroy: given.autoClose === undefined ? true : given.autoClose };
        delete settings.read;
        super({ emitClose: given.emitClose, signal: given.signal, encoding: given.encoding === 'buffer' ? undefined : given.encoding, highWaterMark: settings.highWaterMark, autoDestroy: settings.autoDestroy, objectMode: given.objectMode });
        common(this, path, { ...given, flags: given.flags === undefined ? 'r' : given.flags });
        this.end = given.end === undefined ? Infinity : given.end;
        if (given.end !== undefined && given.end !== Infinity) {
            validateInteger(given.end, 'end', 0);
            if (this.start !== undefined && this.start > this.end) throw outOfRange('start', `<= "end" (here: ${this.end})`, this.start);
        }
        this.bytesRead = 0;
        this._reading = false;
    }

    _construct(callback) { opened(this, callback); }

    _read(wanted) {
        const count = this.end === Infinity ? wanted : Math.min(this.end - (this.pos ?? this.bytesRead) + 1, wanted);
        if (count <= 0) { this.push(null); return; }
        const part = Buffer.allocUnsafeSlow(count);
        this._reading = true;
        this._fs.read(this.fd, part, 0, count, this.pos, (error, got) => {
            this._reading = false;
            if (this.destroyed) { this.emit('_idle', error); return; }
            if (error) { this.destroy(error); return; }
            if (got > 0) {
                if (this.pos !== undefined) this.pos += got;
                this.bytesRead += got;
                this.push(got === part.length ? part : Buffer.from(part.subarray(0, got)));
            } else {
                this.push(null);
            }
        });
    }

    // What is being read keeps its descriptor until it is done.
    _destroy(error, callback) {
        if (this._reading) this.once('_idle', (failed) => closed(this, error ?? failed, callback)); else closed(this, error, callback);
    }

    close(callback) {
        if (callback) finished(this, callback);
        this.destroy();
    }

    get pending() { return this.fd === null; }
    get autoClose() { return this._readableState.autoDestroy; }
    set autoClose(value) { this._readableState.autoDestroy = value; }
}

class WriteStreamClass extends Writable {
    constructor(path, options) {
        const given = optionsOf(options, {});
        super({ emitClose: given.emitClose, signal: given.signal, decodeStrings: true, highWaterMark: given.highWaterMark ?? 16384, autoDestroy: given.autoClose === undefined ? true : given.autoClose });
        if (given.flush !== undefined && given.flush !== null && typeof given.flush !== 'boolean') throw invalidArgType('options.flush', 'boolean', given.flush);
        common(this, path, { ...given, flags: given.flags === undefined ? 'w' : given.flags });
        if (given.fs && typeof given.fs.write !== 'function' && typeof given.fs.writev !== 'function') throw invalidArgType('options.fs.write', 'function', given.fs.write);
        this.flush = Boolean(given.flush);
        this.bytesWritten = 0;
        this._writing = false;
        if (given.encoding) this.setDefaultEncoding(given.encoding);
    }

    _construct(callback) { opened(this, callback); }

    _write(chunk, encoding, callback) {
        this._writing = true;
        const step = (left) => {
            this._fs.write(this.fd, left, 0, left.length, this.pos, (error, count) => {
                if (error && error.code === 'EAGAIN') { setImmediate(step, left); return; }
                this._writing = false;
                if (this.destroyed) { callback(error); this.emit('_idle', error); return; }
                if (error) { callback(error); return; }
                this.bytesWritten += count;
                if (this.pos !== undefined) this.pos += count;
                if (count < left.length) { this._writing = true; step(left.subarray(count)); } else callback();
            });
        };
        step(chunk);
    }

    _final(callback) {
        if (!this.flush || typeof this._fs.fsync !== 'function') { callback(); return; }
        this._fs.fsync(this.fd, callback);
    }

    _destroy(error, callback) {
        if (this._writing) this.once('_idle', (failed) => closed(this, error ?? failed, callback)); else closed(this, error, callback);
    }

    close(callback) {
        if (callback) {
            if (this.closed) { process.nextTick(callback); return; }
            this.on('close', callback);
        }
        // What does not close by itself is closed once it is written.
        if (!this.autoClose) this.on('finish', this.destroy);
        this.end();
    }

    destroySoon(...args) { return this.end(...args); }
    get pending() { return this.fd === null; }
    get autoClose() { return this._writableState.autoDestroy; }
    set autoClose(value) { this._writableState.autoDestroy = value; }
}

for (const Class of [ReadStreamClass, WriteStreamClass]) {
    const plain = function () {
        this._fs.open(this.path, this.flags, this.mode, (error, fd) => {
            if (error) { if (this.autoClose) this.destroy(); this.emit('error', error); return; }
            this.fd = fd;
            this.emit('open', fd);
        });
    };
    Object.defineProperty(Class.prototype, 'open', { value: plain, writable: true, configurable: true });
    Object.defineProperty(Class.prototype, '_plainOpen', { value: plain });
}

// Old scripts call them without `new`, and inherit from them.
function callable(Class, name) {
    const made = { [name]: function (...args) {
        return Reflect.construct(Class, args, new.target ?? (this instanceof Class ? this.constructor : made));
    } }[name];
    made.prototype = Class.prototype;
    Object.setPrototypeOf(made, Object.getPrototypeOf(Class));
    Object.defineProperty(Class.prototype, 'constructor', { value: made, writable: true, configurable: true });
    return made;
}
const ReadStream = callable(ReadStreamClass, 'ReadStream');
const WriteStream = callable(WriteStreamClass, 'WriteStream');

module.exports = {
    FileReadStream: ReadStream,
    FileWriteStream: WriteStream,
    ReadStream,
    WriteStream,
    createReadStream: (path, options) => new ReadStream(path, options),
    createWriteStream: (path, options) => new WriteStream(path, options),
};
