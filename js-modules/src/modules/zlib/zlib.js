'use strict';

const { make, invalidArgType, outOfRange, validateFunction } = require('internal/errors');
const { Transform, finished } = require('stream');
const { Buffer, kMaxLength } = require('buffer');

const constants = Object.freeze({
    __proto__: null,
    Z_NO_FLUSH: 0, Z_PARTIAL_FLUSH: 1, Z_SYNC_FLUSH: 2, Z_FULL_FLUSH: 3, Z_FINISH: 4, Z_BLOCK: 5,
    Z_OK: 0, Z_STREAM_END: 1, Z_NEED_DICT: 2, Z_ERRNO: -1, Z_STREAM_ERROR: -2, Z_DATA_ERROR: -3, Z_MEM_ERROR: -4,
    Z_BUF_ERROR: -5, Z_VERSION_ERROR: -6,
    Z_NO_COMPRESSION: 0, Z_BEST_SPEED: 1, Z_BEST_COMPRESSION: 9, Z_DEFAULT_COMPRESSION: -1,
    Z_FILTERED: 1, Z_HUFFMAN_ONLY: 2, Z_RLE: 3, Z_FIXED: 4, Z_DEFAULT_STRATEGY: 0, ZLIB_VERNUM: 4880,
    DEFLATE: 1, INFLATE: 2, GZIP: 3, GUNZIP: 4, DEFLATERAW: 5, INFLATERAW: 6, UNZIP: 7, BROTLI_DECODE: 8, BROTLI_ENCODE: 9,
    Z_MIN_WINDOWBITS: 8, Z_MAX_WINDOWBITS: 15, Z_DEFAULT_WINDOWBITS: 15,
    Z_MIN_CHUNK: 64, Z_MAX_CHUNK: Infinity, Z_DEFAULT_CHUNK: 16384,
    Z_MIN_MEMLEVEL: 1, Z_MAX_MEMLEVEL: 9, Z_DEFAULT_MEMLEVEL: 8,
    Z_MIN_LEVEL: -1, Z_MAX_LEVEL: 9, Z_DEFAULT_LEVEL: -1,
});
const codes = { __proto__: null };
for (const name of ['Z_OK', 'Z_STREAM_END', 'Z_NEED_DICT', 'Z_ERRNO', 'Z_STREAM_ERROR', 'Z_DATA_ERROR', 'Z_MEM_ERROR', 'Z_BUF_ERROR', 'Z_VERSION_ERROR']) {
    codes[name] = constants[name];
    codes[constants[name]] = name;
}
Object.freeze(codes);

// How many bytes go into one step before everybody else gets a turn.
const SLICE = 256 * 1024;

function checkFinite(number, name) {
    if (number === undefined || Number.isNaN(number)) return false;
    if (Number.isFinite(number)) return true;
    if (typeof number !== 'number') throw invalidArgType(name, 'number', number);
    throw outOfRange(name, 'a finite number', number);
}

function ranged(number, name, lower, upper, fallback) {
    if (!checkFinite(number, name)) return fallback;
    if (number < lower || number > upper) throw outOfRange(name, `>= ${lower} and <= ${upper}`, number);
    return number;
}

function bytesOf(value, name) {
    if (typeof value === 'string') return Buffer.from(value);
    if (ArrayBuffer.isView(value)) return value instanceof Buffer ? value : Buffer.from(value.buffer, value.byteOffset, value.byteLength);
    if (Object.prototype.toString.call(value) === '[object ArrayBuffer]') return Buffer.from(value);
    throw invalidArgType(name, ['string', 'Buffer', 'TypedArray', 'DataView', 'ArrayBuffer'], value);
}

function failed(failure) {
    const error = new Error(failure.message);
    error.errno = failure.errno;
    error.code = failure.code;
    return error;
}

// The options of one stream or one call, checked.
function settings(mode, options) {
    const given = options || {};
    const inflates = mode === 2 || mode === 4 || mode === 6 || mode === 7;
    const out = {
        chunkSize: constants.Z_DEFAULT_CHUNK, flush: 0, finishFlush: constants.Z_FINISH, maxOutputLength: kMaxLength,
        windowBits: 15, level: -1, memLevel: 8, strategy: 0, dictionary: undefined,
    };
    if (checkFinite(given.chunkSize, 'options.chunkSize')) {
        if (given.chunkSize < constants.Z_MIN_CHUNK) throw outOfRange('options.chunkSize', `>= ${constants.Z_MIN_CHUNK}`, given.chunkSize);
        out.chunkSize = given.chunkSize;
    }
    out.flush = ranged(given.flush, 'options.flush', 0, 5, 0);
    out.finishFlush = ranged(given.finishFlush, 'options.finishFlush', 0, 5, constants.Z_FINISH);
    out.maxOutputLength = ranged(given.maxOutputLength, 'options.maxOutputLength', 1, kMaxLength, kMaxLength);
    if ((given.windowBits === null || given.windowBits === undefined || given.windowBits === 0) && (mode === 2 || mode === 4 || mode === 7)) {
        out.windowBits = 0;
    } else {
        out.windowBits = ranged(given.windowBits, 'options.windowBits', mode === 3 ? 9 : 8, 15, 15);
    }
    out.level = ranged(given.level, 'options.level', -1, 9, -1);
    out.memLevel = ranged(given.memLevel, 'options.memLevel', 1, 9, 8);
    out.strategy = ranged(given.strategy, 'options.strategy', 0, 4, 0);
    if (given.dictionary !== undefined) {
        if (Object.prototype.toString.call(given.dictionary) === '[object ArrayBuffer]') out.dictionary = Buffer.from(given.dictionary);
        else if (ArrayBuffer.isView(given.dictionary)) out.dictionary = given.dictionary;
        else throw invalidArgType('options.dictionary', ['Buffer', 'TypedArray', 'DataView', 'ArrayBuffer'], given.dictionary);
    }
    // A raw window of 256 bytes is a known mistake of zlib's own; everybody takes the next one.
    if (mode === 5 && out.windowBits === 8) out.windowBits = 9;
    out.inflates = inflates;
    return out;
}

function open(mode, set) {
    return native.open(mode, set.level, set.windowBits, set.memLevel, set.strategy, set.dictionary);
}

const FLUSH = Symbol('flush');

// ---- streams ----------------------------------------------------------------------------------------------------

function ZlibBase(options, mode, set) {
    const given = { ...options };
    delete given.flush;
    delete given.construct;
    delete given.transform;
    Transform.call(this, { autoDestroy: true, ...given });
    const hidden = (name, value) => Object.defineProperty(this, name, { value, writable: true, enumerable: false, configurable: true });
    hidden('_set', set);
    hidden('_mode', mode);
    hidden('_busy', false);
    hidden('_resume', null);
    hidden('_counts', new Uint32Array(2));
    hidden('_handle', open(mode, set));
    this.bytesWritten = 0;
    hidden('_level', set.level);
    hidden('_strategy', set.strategy);
    hidden('_chunkSize', set.chunkSize);
    this._defaultFlushFlag = set.flush;
    this._finishFlushFlag = set.finishFlush;
    hidden('_outBuffer', null);
    hidden('_outOffset', 0);
}
Object.setPrototypeOf(ZlibBase.prototype, Transform.prototype);
Object.setPrototypeOf(ZlibBase, Transform);

Object.defineProperty(ZlibBase.prototype, '_closed', { configurable: true, get() { return this._handle === null; } });
Object.defineProperty(ZlibBase.prototype, 'bytesRead', {
    configurable: true, enumerable: true,
    get() { return this.bytesWritten; }, set(value) { this.bytesWritten = value; },
});

ZlibBase.prototype.reset = function () {
    if (this._handle === null) throw new Error('zlib binding closed');
    native.reset(this._handle);
};

ZlibBase.prototype._flush = function (callback) { this._transform(Buffer.alloc(0), '', callback); };
ZlibBase.prototype._final = function (callback) { callback(); };

ZlibBase.prototype._destroy = function (error, callback) {
    closeHandle(this);
    callback(error);
};

function closeHandle(stream) {
    if (stream._handle !== null) native.close(stream._handle);
    stream._handle = null;
    stream._resume = null;
}

ZlibBase.prototype.close = function (callback) {
    if (callback) finished(this, () => callback());
    this.destroy();
};

const flushRank = [0, 1, 3, 4, 5, 2];

function marker(kind) {
    const chunk = Buffer.alloc(0);
    chunk[FLUSH] = kind;
    return chunk;
}

ZlibBase.prototype.flush = function (kind, callback) {
    if (typeof kind === 'function' || (kind === undefined && !callback)) { callback = kind; kind = constants.Z_FULL_FLUSH; }
    if (this.writableFinished) {
        if (callback) process.nextTick(callback);
    } else if (this.writableEnded) {
        if (callback) this.once('end', callback);
    } else {
        this.write(marker(kind), '', callback);
    }
};

ZlibBase.prototype._transform = function (chunk, encoding, callback) {
    let flag = this._defaultFlushFlag;
    if (typeof chunk[FLUSH] === 'number') flag = chunk[FLUSH];
    else if (this.writableEnded && this.writableLength === chunk.byteLength) flag = flushRank[flag] > flushRank[this._finishFlushFlag] ? flag : this._finishFlushFlag;
    this._processChunk(chunk, flag, callback);
};

ZlibBase.prototype._processChunk = function (chunk, flag, callback) {
    if (typeof callback !== 'function') return processSync(this, chunk, flag);
    run(this, chunk, 0, flag, callback);
};

// One step, its output pushed; false when it failed or the stream is gone.
function step(stream, input, from, flag, out) {
    if (stream._outBuffer === null || stream._outOffset >= stream._outBuffer.length) {
        stream._outBuffer = Buffer.allocUnsafeSlow(stream._chunkSize);
        stream._outOffset = 0;
    }
    const start = stream._outOffset, room = stream._outBuffer.length - start;
    const failure = native.step(stream._handle, flag, input, from, stream._outBuffer, start, stream._counts);
    if (failure !== undefined) return failed(failure);
    const left = stream._counts[0], spare = stream._counts[1];
    stream.bytesWritten += input.length - from - left;
    out.from = input.length - left;
    out.full = spare === 0;
    out.chunk = room > spare ? stream._outBuffer.slice(start, start + room - spare) : null;
    stream._outOffset += room - spare;
    return null;
}

function run(stream, input, from, flag, callback) {
    const out = { from, full: false, chunk: null };
    let passed = 0;
    stream._busy = true;
    for (;;) {
        if (stream._handle === null) { stream._busy = false; callback(); return; }
        const failure = step(stream, input, out.from, flag, out);
        if (failure !== null) {
            stream._busy = false;
            closeHandle(stream);
            callback(failure);
            return;
        }
        let more = true;
        if (out.chunk !== null) {
            passed += out.chunk.length;
            more = stream.push(out.chunk);
        }
        if (stream._handle === null) { stream._busy = false; callback(); return; }
        if (!out.full) break;
        if (!more || passed >= SLICE) {
            const at = out.from;
            const go = () => { stream._resume = null; if (stream._handle !== null) run(stream, input, at, flag, callback); else callback(); };
            // Nobody reads on: what is left waits inside. Else the others get a turn.
            if (!more) stream._resume = go; else setImmediate(go);
            return;
        }
    }
    stream._busy = false;
    // What follows the end of a compressed text ends the reading side.
    if (out.from < input.length && stream._set.inflates) {
        stream.push(null);
    }
    callback();
}

ZlibBase.prototype._read = function (size) {
    const go = this._resume;
    if (go !== null && go !== undefined) { go(); return; }
    Transform.prototype._read.call(this, size);
};

function processSync(stream, input, flag) {
    const out = { from: 0, full: false, chunk: null };
    const list = [];
    let length = 0;
    do {
        const failure = step(stream, input, out.from, flag, out);
        if (failure !== null) { closeHandle(stream); stream.destroy(); throw failure; }
        if (out.chunk !== null) { list.push(out.chunk); length += out.chunk.length; }
        if (length > stream._set.maxOutputLength) { closeHandle(stream); throw tooLarge(stream._set.maxOutputLength); }
    } while (out.full);
    return Buffer.concat(list, length);
}

function tooLarge(limit) {
    return make(RangeError, 'ERR_BUFFER_TOO_LARGE', `Cannot create a Buffer larger than ${limit} bytes`);
}

function Zlib(options, mode) {
    ZlibBase.call(this, options, mode, settings(mode, options));
}
Object.setPrototypeOf(Zlib.prototype, ZlibBase.prototype);
Object.setPrototypeOf(Zlib, ZlibBase);

Zlib.prototype.params = function (level, strategy, callback) {
    const lowest = (value, name, min, max) => {
        if (!checkFinite(value, name)) throw invalidArgType(name, 'number', value);
        if (value < min || value > max) throw outOfRange(name, `>= ${min} and <= ${max}`, value);
    };
    lowest(level, 'level', -1, 9);
    lowest(strategy, 'strategy', 0, 4);
    if (this._level === level && this._strategy === strategy) { process.nextTick(callback); return; }
    this.flush(constants.Z_SYNC_FLUSH, () => {
        if (this._handle === null) throw new Error('zlib binding closed');
        const failure = native.params(this._handle, level);
        if (failure !== undefined) { this.destroy(failed(failure)); return; }
        this._level = level;
        this._strategy = strategy;
        if (callback) callback();
    });
};

const classes = { Deflate: 1, Inflate: 2, Gzip: 3, Gunzip: 4, DeflateRaw: 5, InflateRaw: 6, Unzip: 7 };
exports.constants = constants;
exports.codes = codes;
for (const [name, mode] of Object.entries(classes)) {
    const Class = { [name]: function (options) {
        if (!(this instanceof Class)) return new Class(options);
        Zlib.call(this, options, mode);
    } }[name];
    Object.setPrototypeOf(Class.prototype, Zlib.prototype);
    Object.setPrototypeOf(Class, Zlib);
    exports[name] = Class;
    const make_ = function (options) { return new Class(options); };
    Object.defineProperty(make_, 'name', { value: 'create' + name });
    Object.defineProperty(exports, 'create' + name, { value: make_, enumerable: true, configurable: true, writable: false });

    const short = name[0].toLowerCase() + name.slice(1);
    exports[short] = convenience(short, mode);
    exports[short + 'Sync'] = { [short + 'Sync']: (buffer, options) => whole(mode, buffer, options) }[short + 'Sync'];
}

// ---- everything at once ------------------------------------------------------------------------------------------

function whole(mode, buffer, options) {
    const input = bytesOf(buffer, 'buffer'), set = settings(mode, options), handle = open(mode, set);
    try {
        const answer = native.whole(handle, input, set.finishFlush, set.maxOutputLength);
        if (!(answer instanceof Uint8Array)) throw failed(answer);
        if (options && options.info) return { buffer: answer, engine: new exports[Object.keys(classes)[mode - 1]](options) };
        return answer;
    } finally {
        native.close(handle);
    }
}

function convenience(name, mode) {
    return { [name]: function (buffer, options, callback) {
        if (typeof options === 'function') { callback = options; options = {}; }
        if (typeof callback !== 'function') validateFunction(callback, 'callback');
        const engine = new exports[Object.keys(classes)[mode - 1]](options);
        const input = bytesOf(buffer, 'buffer'), list = [];
        let length = 0, done = false;
        engine.on('data', (chunk) => {
            if (done) return;
            list.push(chunk);
            length += chunk.length;
            if (length > engine._set.maxOutputLength) {
                done = true;
                engine.close();
                callback(tooLarge(engine._set.maxOutputLength));
            }
        });
        engine.on('error', (error) => {
            if (done) return;
            done = true;
            callback(error);
        });
        engine.on('end', () => {
            if (done) return;
            done = true;
            const all = list.length === 1 ? list[0] : Buffer.concat(list, length);
            if (options && options.info) callback(null, { buffer: all, engine }); else callback(null, all);
            engine.close();
        });
        engine.end(input);
    } }[name];
}

exports.crc32 = function crc32(data, value = 0) {
    if (typeof data !== 'string' && !ArrayBuffer.isView(data)) throw invalidArgType('data', ['Buffer', 'TypedArray', 'DataView', 'string'], data);
    if (typeof value !== 'number') throw invalidArgType('value', 'number', value);
    if (!Number.isInteger(value)) throw outOfRange('value', 'an integer', value);
    if (value < 0 || value > 4294967295) throw outOfRange('value', '>= 0 && <= 4294967295', value);
    return native.crc32(data, value);
};

// Brotli's dictionary alone would be a tenth of the agent; who needs it gets a clear word.
function noBrotli() {
    throw make(Error, 'ERR_FEATURE_UNAVAILABLE_ON_PLATFORM', 'Brotli is not part of this build; use gzip or deflate');
}
for (const name of ['BrotliCompress', 'BrotliDecompress']) {
    exports[name] = { [name]: function () { noBrotli(); } }[name];
    exports['create' + name] = () => noBrotli();
    const short = name[0].toLowerCase() + name.slice(1);
    exports[short] = { [short]: () => noBrotli() }[short];
    exports[short + 'Sync'] = () => noBrotli();
}
for (const [name, value] of Object.entries(constants)) {
    if (/^(Z_|ZLIB_)/.test(name) || /^(DE|IN)FLATE|^G?U?N?ZIP$|^GZIP$|^GUNZIP$/.test(name)) {
        Object.defineProperty(exports, name, { value, enumerable: false, configurable: false, writable: false });
    }
}
