'use strict';
// Writable streams with Node's semantics.

const { Stream, inherits, checkMark, abortWith } = require('internal/stream/readable');
const { coded, argumentType, toBuffer, destroy, fail, construct, accessors } = require('internal/stream/destroy');

class WritableState {
    constructor(options, duplex) {
        const given = options || {};
        this.objectMode = Boolean(given.objectMode || (duplex && given.writableObjectMode));
        const mark = duplex && given.writableHighWaterMark !== undefined ? given.writableHighWaterMark : given.highWaterMark;
        this.highWaterMark = mark === undefined || mark === null ? (this.objectMode ? 16 : 64 * 1024) : checkMark(mark);
        this.decodeStrings = given.decodeStrings !== false;
        this.defaultEncoding = given.defaultEncoding || 'utf8';
        this.buffer = [];
        this.length = 0;
        this.writing = false;
        this.sync = false;
        this.corked = 0;
        this.bufferProcessing = false;
        this.needDrain = false;
        this.ending = false;
        this.prefinished = false;
        this.finalCalled = false;
        this.finished = false;
        this.constructing = false;
        this.destroyed = false;
        this.errored = null;
        this.errorEmitted = false;
        this.closed = false;
        this.closeEmitted = false;
        this.emitClose = given.emitClose !== false;
        this.autoDestroy = given.autoDestroy !== false;
        this.pending = 0;
        this.onFinished = [];
    }
}

function Writable(options) {
    if (!(this instanceof Writable)) return new Writable(options);
    init.call(this, options, false);
    Stream.call(this, options);
    construct(this, this._writableState, () => { next(this); });
}
inherits(Writable, Stream);

// A Duplex is a Writable too, though it inherits from Readable.
Object.defineProperty(Writable, Symbol.hasInstance, {
    value: function (object) {
        if (Function.prototype[Symbol.hasInstance].call(this, object)) return true;
        return this === Writable && Boolean(object && object._writableState instanceof WritableState);
    },
});

function init(options, duplex) {
    this._writableState = new WritableState(options, duplex);
    if (!options) return;
    if (typeof options.write === 'function') this._write = options.write;
    if (typeof options.writev === 'function') this._writev = options.writev;
    if (typeof options.final === 'function') this._final = options.final;
    if (typeof options.destroy === 'function') this._destroy = options.destroy;
    if (typeof options.construct === 'function') this._construct = options.construct;
    if (options.signal && !duplex) abortWith(options.signal, this);
}

const methods = {
    _write(chunk, encoding, callback) {
        if (this._writev) return this._writev([{ chunk, encoding }], callback);
        throw coded(Error, 'ERR_METHOD_NOT_IMPLEMENTED', 'The _write() method is not implemented');
    },

    _writev: null,

    write(chunk, encoding, callback) {
        return write(this, chunk, encoding, callback) === true;
    },

    cork() { this._writableState.corked++; },

    uncork() {
        const state = this._writableState;
        if (state.corked > 0 && --state.corked === 0 && !state.writing) next(this);
    },

    setDefaultEncoding(encoding) {
        if (!Buffer.isEncoding(encoding)) throw coded(TypeError, 'ERR_UNKNOWN_ENCODING', 'Unknown encoding: ' + encoding);
        this._writableState.defaultEncoding = String(encoding).toLowerCase();
        return this;
    },

    end(chunk, encoding, callback) {
        const state = this._writableState;
        if (typeof chunk === 'function') { callback = chunk; chunk = null; encoding = null; }
        else if (typeof encoding === 'function') { callback = encoding; encoding = null; }
        let error;
        if (chunk !== null && chunk !== undefined) {
            const written = write(this, chunk, encoding);
            if (written instanceof Error) error = written;
        }
        if (state.corked) { state.corked = 1; this.uncork(); }
        if (!error && !state.errored && !state.ending) {
            state.ending = true;
            maybeFinish(this, true);
        } else if (!error && state.finished) {
            error = coded(Error, 'ERR_STREAM_ALREADY_FINISHED', 'Cannot call end after a stream was finished');
        } else if (!error && state.destroyed) {
            error = coded(Error, 'ERR_STREAM_DESTROYED', 'Cannot call end after a stream was destroyed');
        }
        if (typeof callback === 'function') {
            if (error) process.nextTick(callback, error);
            else if (state.finished) process.nextTick(callback);
            else state.onFinished.push(callback);
        }
        return this;
    },

    destroy(error, callback) {
        const state = this._writableState;
        if (!state.destroyed && (state.buffer.length > 0 || state.onFinished.length > 0)) process.nextTick(dropAll, this);
        return destroy.call(this, error, callback);
    },
};

function write(stream, chunk, encoding, callback) {
    const state = stream._writableState;
    if (typeof encoding === 'function') { callback = encoding; encoding = state.defaultEncoding; }
    else {
        if (!encoding) encoding = state.defaultEncoding;
        else if (encoding !== 'buffer' && !Buffer.isEncoding(encoding)) throw coded(TypeError, 'ERR_UNKNOWN_ENCODING', 'Unknown encoding: ' + encoding);
    }
    if (typeof callback !== 'function') callback = undefined;
    if (chunk === null) throw coded(TypeError, 'ERR_STREAM_NULL_VALUES', 'May not write null values to stream');
    if (!state.objectMode) {
        if (typeof chunk === 'string') {
            if (state.decodeStrings) { chunk = Buffer.from(chunk, encoding); encoding = 'buffer'; }
        } else {
            const bytes = toBuffer(chunk);
            if (bytes === undefined) throw argumentType('chunk', 'of type string or an instance of Buffer or Uint8Array', chunk);
            chunk = bytes;
            encoding = 'buffer';
        }
    }
    let error;
    if (state.ending) error = coded(Error, 'ERR_STREAM_WRITE_AFTER_END', 'write after end');
    else if (state.destroyed) error = coded(Error, 'ERR_STREAM_DESTROYED', 'Cannot call write after a stream was destroyed');
    if (error) {
        if (callback) process.nextTick(callback, error);
        if (!state.destroyed) fail(stream, error);
        return error;
    }
    state.pending++;
    const size = state.objectMode ? 1 : chunk.length;
    state.length += size;
    const room = state.length < state.highWaterMark;
    if (!room) state.needDrain = true;
    const entry = { chunk, encoding, callback, size };
    if (state.writing || state.corked || state.errored || state.constructing || state.bufferProcessing) state.buffer.push(entry);
    else pass(stream, state, [entry], false);
    return room && !state.errored && !state.destroyed;
}

function pass(stream, state, entries, joined) {
    state.writing = true;
    state.sync = true;
    let called = false;
    const done = (error) => {
        if (called) return fail(stream, coded(Error, 'ERR_MULTIPLE_CALLBACK', 'Callback called multiple times'));
        called = true;
        wrote(stream, state, entries, error);
    };
    try {
        if (state.destroyed) done(coded(Error, 'ERR_STREAM_DESTROYED', 'Cannot call write after a stream was destroyed'));
        else if (joined) stream._writev(entries, done);
        else stream._write(entries[0].chunk, entries[0].encoding, done);
    } finally {
        state.sync = false;
    }
}

function wrote(stream, state, entries, error) {
    const sync = state.sync;
    state.writing = false;
    for (const entry of entries) state.length -= entry.size;
    if (error) {
        if (!state.errored) state.errored = error;
        const after = () => {
            for (const entry of entries) { state.pending--; if (entry.callback) entry.callback(error); }
            dropAll(stream);
            fail(stream, error);
            if (!state.autoDestroy) return;
        };
        if (sync) process.nextTick(after); else after();
        return;
    }
    if (state.buffer.length > 0 && !state.corked && !state.bufferProcessing) next(stream);
    const after = () => {
        const drain = state.needDrain && !state.ending && !state.destroyed && state.length === 0;
        if (drain) { state.needDrain = false; stream.emit('drain'); }
        for (const entry of entries) { state.pending--; if (entry.callback) entry.callback(null); }
        if (state.destroyed) dropAll(stream);
        maybeFinish(stream);
    };
    if (sync) process.nextTick(after); else after();
}

function next(stream) {
    const state = stream._writableState;
    if (state.corked || state.bufferProcessing || state.destroyed || state.constructing) return;
    if (state.buffer.length === 0) { maybeFinish(stream); return; }
    state.bufferProcessing = true;
    if (stream._writev && state.buffer.length > 1) {
        pass(stream, state, state.buffer.splice(0), true);
    } else {
        while (!state.writing && state.buffer.length > 0 && !state.errored) pass(stream, state, [state.buffer.shift()], false);
    }
    state.bufferProcessing = false;
}

function dropAll(stream) {
    const state = stream._writableState;
    if (state.writing) return;
    const error = state.errored || coded(Error, 'ERR_STREAM_DESTROYED', 'Cannot call write after a stream was destroyed');
    for (const entry of state.buffer.splice(0)) {
        state.length -= entry.size;
        state.pending--;
        if (entry.callback) entry.callback(error);
    }
    for (const callback of state.onFinished.splice(0)) callback(state.errored || coded(Error, 'ERR_STREAM_DESTROYED', 'Cannot call end after a stream was destroyed'));
}

function ready(state) {
    return state.ending && !state.destroyed && !state.constructing && state.length === 0 && !state.errored &&
        state.buffer.length === 0 && !state.finished && !state.writing;
}

// Everything is written: `_final` at once, `finish` when all callbacks were called, in a later turn from `end`.
function maybeFinish(stream, sync) {
    const state = stream._writableState;
    if (!ready(state)) return;
    if (!state.prefinished && !state.finalCalled) {
        if (typeof stream._final === 'function') {
            callFinal(stream, state);
        } else {
            state.prefinished = true;
            stream.emit('prefinish');
        }
    }
    if (state.pending > 0 || !ready(state)) return;
    state.pending++;
    const end = () => { if (ready(state)) finish(stream, state); else state.pending--; };
    if (sync) process.nextTick(end); else end();
}

function callFinal(stream, state) {
    state.finalCalled = true;
    state.pending++;
    let called = false;
    const done = (error) => {
        if (called) { fail(stream, error || coded(Error, 'ERR_MULTIPLE_CALLBACK', 'Callback called multiple times')); return; }
        called = true;
        state.pending--;
        if (error) {
            for (const callback of state.onFinished.splice(0)) callback(error);
            fail(stream, error);
        } else if (ready(state)) {
            state.prefinished = true;
            stream.emit('prefinish');
            state.pending++;
            process.nextTick(finish, stream, state);
        }
    };
    try {
        stream._final(done);
    } catch (error) {
        done(error);
    }
}

function finish(stream, state) {
    state.pending--;
    state.finished = true;
    for (const callback of state.onFinished.splice(0)) callback(null);
    stream.emit('finish');
    const r = stream._readableState;
    if (state.autoDestroy && (!r || (r.autoDestroy && (r.endEmitted || r.readable === false)))) stream.destroy();
}

const properties = {
    writable: {
        get: function () {
            const state = this._writableState;
            return Boolean(state) && state.writable !== false && !state.destroyed && !state.errored && !state.ending;
        },
        set: function (value) { if (this._writableState) this._writableState.writable = Boolean(value); },
    },
    destroyed: {
        get: function () { return Boolean(this._writableState && this._writableState.destroyed); },
        set: function (value) { if (this._writableState) this._writableState.destroyed = value; },
    },
    writableEnded: function () { return this._writableState.ending; },
    writableFinished: function () { return this._writableState.finished; },
    writableLength: function () { return this._writableState.length; },
    writableHighWaterMark: function () { return this._writableState.highWaterMark; },
    writableObjectMode: function () { return this._writableState.objectMode; },
    writableCorked: function () { return this._writableState.corked; },
    writableNeedDrain: function () {
        const state = this._writableState;
        return !state.destroyed && !state.ending && state.needDrain;
    },
    writableAborted: function () {
        const state = this._writableState;
        return (state.destroyed || state.errored !== null) && !state.finished;
    },
    errored: function () { return this._writableState.errored; },
    closed: function () { return this._writableState.closeEmitted; },
};

function define(prototype, skip) {
    for (const name of Object.keys(methods)) {
        Object.defineProperty(prototype, name, { value: methods[name], writable: true, enumerable: false, configurable: true });
    }
    const own = {};
    for (const name of Object.keys(properties)) if (!skip.includes(name)) own[name] = properties[name];
    accessors(prototype, own);
}

define(Writable.prototype, []);
Writable.prototype._destroy = function (error, callback) { callback(error); };
Writable.prototype.pipe = function () {
    fail(this, coded(Error, 'ERR_STREAM_CANNOT_PIPE', 'Cannot pipe, not readable'));
};

module.exports = { Writable, init, define, next };
