'use strict';
// Readable streams with Node's semantics.

const { EventEmitter } = require('events');
const { coded, argumentType, toBuffer, destroy, fail, construct, accessors } = require('internal/stream/destroy');

function inherits(Child, Parent) {
    Object.setPrototypeOf(Child.prototype, Parent.prototype);
    Object.setPrototypeOf(Child, Parent);
}

// The old base class: an emitter with a pipe.
function Stream(options) {
    EventEmitter.call(this, options);
}
inherits(Stream, EventEmitter);

// For streams of the oldest kind, which only emit `data` and `end`: the classes below have pipes of their own.
Stream.prototype.pipe = function pipe(to, options) {
    const from = this, hooks = [];
    const hook = (emitter, name, listener) => {
        hooks.push(() => emitter.removeListener(name, listener));
        emitter.on(name, listener);
    };
    const undo = () => { for (const one of hooks.splice(0)) one(); };
    const broken = function (error) {
        undo();
        if (EventEmitter.prototype.listenerCount.call(this, 'error') === 0) this.emit('error', error);
    };
    hook(from, 'data', (chunk) => {
        if (to.writable && to.write(chunk) === false && typeof from.pause === 'function') from.pause();
    });
    hook(to, 'drain', () => { if (from.readable && typeof from.resume === 'function') from.resume(); });
    if (!to._isStdio && (!options || options.end !== false)) {
        let over = false;
        const once = (action) => () => { if (!over) { over = true; action(); } };
        hook(from, 'end', once(() => to.end()));
        hook(from, 'close', once(() => { if (typeof to.destroy === 'function') to.destroy(); }));
    }
    for (const emitter of [from, to]) {
        hooks.push(() => emitter.removeListener('error', broken));
        emitter.prependListener('error', broken);
    }
    for (const [emitter, name] of [[from, 'end'], [from, 'close'], [to, 'close']]) hook(emitter, name, undo);
    to.emit('pipe', from);
    return to;
};

class ReadableState {
    constructor(options, duplex) {
        const given = options || {};
        this.objectMode = Boolean(given.objectMode || (duplex && given.readableObjectMode));
        const mark = duplex && given.readableHighWaterMark !== undefined ? given.readableHighWaterMark : given.highWaterMark;
        this.highWaterMark = mark === undefined || mark === null ? (this.objectMode ? 16 : 64 * 1024) : checkMark(mark);
        this.buffer = [];
        this.length = 0;
        this.flowing = null;
        this.ended = false;
        this.endEmitted = false;
        this.reading = false;
        this.sync = true;
        this.readableListening = false;
        this.needReadable = false;
        this.emittedReadable = false;
        this.resumeScheduled = false;
        this.explicitlyPaused = false;
        this.constructing = false;
        this.destroyed = false;
        this.errored = null;
        this.errorEmitted = false;
        this.closed = false;
        this.closeEmitted = false;
        this.emitClose = given.emitClose !== false;
        this.autoDestroy = given.autoDestroy !== false;
        this.defaultEncoding = given.defaultEncoding || 'utf8';
        this.decoder = null;
        this.encoding = null;
        this.pipes = [];
        this.waiting = new Set();
        this.dataEmitted = false;
        this.readingMore = false;
    }
}

function checkMark(mark) {
    if (!Number.isInteger(mark) || mark < 0) {
        throw coded(TypeError, 'ERR_INVALID_ARG_VALUE', `The property 'options.highWaterMark' is invalid. Received ${String(mark)}`);
    }
    return mark;
}

function Readable(options) {
    if (!(this instanceof Readable)) return new Readable(options);
    init.call(this, options, false);
    Stream.call(this, options);
    construct(this, this._readableState, () => maybeReadMore(this));
}
inherits(Readable, Stream);

// Sets up the reading side of `this`; Duplex does it too.
function init(options, duplex) {
    this._readableState = new ReadableState(options, duplex);
    if (!options) return;
    if (typeof options.read === 'function') this._read = options.read;
    if (typeof options.destroy === 'function') this._destroy = options.destroy;
    if (typeof options.construct === 'function') this._construct = options.construct;
    if (options.encoding) this.setEncoding(options.encoding);
    if (options.signal) abortWith(options.signal, this);
}

function abortWith(signal, stream) {
    const abort = () => {
        const error = coded(Error, 'ABORT_ERR', 'The operation was aborted');
        error.name = 'AbortError';
        error.cause = signal.reason;
        stream.destroy(error);
    };
    if (signal.aborted) return abort();
    signal.addEventListener('abort', abort);
    stream.once('close', () => signal.removeEventListener('abort', abort));
}

Readable.prototype._read = function () {
    throw coded(Error, 'ERR_METHOD_NOT_IMPLEMENTED', 'The _read() method is not implemented');
};
Readable.prototype.destroy = destroy;
Readable.prototype._destroy = function (error, callback) { callback(error); };

Readable.prototype.push = function (chunk, encoding) { return accept(this, chunk, encoding, false); };
Readable.prototype.unshift = function (chunk, encoding) { return accept(this, chunk, encoding, true); };

function accept(stream, chunk, encoding, front) {
    const state = stream._readableState;
    if (chunk === null) {
        state.reading = false;
        if (!state.ended) {
            if (state.decoder) {
                const rest = state.decoder.end();
                if (rest && rest.length > 0) put(state, rest, false);
            }
            state.ended = true;
            if (state.sync) { signal(stream); } else { state.needReadable = false; state.emittedReadable = true; emitReadable(stream); }
        }
        return false;
    }
    if (!state.objectMode) {
        if (typeof chunk === 'string') {
            const from = encoding || state.defaultEncoding;
            if (!(state.encoding && from === state.encoding)) chunk = Buffer.from(chunk, from);
        } else {
            const bytes = toBuffer(chunk);
            if (chunk !== undefined && bytes === undefined) {
                fail(stream, argumentType('chunk', 'of type string or an instance of Buffer or Uint8Array', chunk));
                return false;
            }
            chunk = bytes;
        }
    }
    if (chunk === undefined || (!state.objectMode && chunk.length === 0)) {
        if (!front) { state.reading = false; maybeReadMore(stream); }
        return wantsMore(state);
    }
    if (front) {
        if (state.endEmitted) fail(stream, coded(Error, 'ERR_STREAM_UNSHIFT_AFTER_END_EVENT', 'stream.unshift() after end event'));
        else if (state.destroyed || state.errored) return false;
        else take(stream, state, chunk, true);
    } else if (state.ended) {
        fail(stream, coded(Error, 'ERR_STREAM_PUSH_AFTER_EOF', 'stream.push() after EOF'));
    } else if (state.destroyed || state.errored) {
        return false;
    } else {
        state.reading = false;
        if (state.decoder && typeof chunk !== 'string') {
            chunk = state.decoder.write(chunk);
            if (chunk.length === 0) { maybeReadMore(stream); return wantsMore(state); }
        }
        take(stream, state, chunk, false);
    }
    return wantsMore(state);
}

function wantsMore(state) { return !state.ended && (state.length < state.highWaterMark || state.length === 0); }

function take(stream, state, chunk, front) {
    if (state.flowing && state.length === 0 && !state.sync && stream.listenerCount('data') > 0) {
        state.dataEmitted = true;
        stream.emit('data', chunk);
    } else {
        put(state, chunk, front);
        if (state.needReadable) signal(stream);
    }
    maybeReadMore(stream);
}

function put(state, chunk, front) {
    state.length += state.objectMode ? 1 : chunk.length;
    if (front) state.buffer.unshift(chunk); else state.buffer.push(chunk);
}

function signal(stream) {
    const state = stream._readableState;
    state.needReadable = false;
    if (state.emittedReadable) return;
    state.emittedReadable = true;
    process.nextTick(emitReadable, stream);
}

function emitReadable(stream) {
    const state = stream._readableState;
    if (!state.destroyed && !state.errored && (state.length > 0 || state.ended)) {
        stream.emit('readable');
        state.emittedReadable = false;
    }
    state.needReadable = !state.flowing && !state.ended && state.length <= state.highWaterMark;
    flow(stream);
}

function maybeReadMore(stream) {
    const state = stream._readableState;
    if (state.readingMore || state.constructing) return;
    state.readingMore = true;
    process.nextTick(() => {
        while (!state.reading && !state.ended && !state.destroyed &&
            (state.length < state.highWaterMark || (state.flowing && state.length === 0))) {
            const before = state.length;
            stream.read(0);
            if (before === state.length) break;
        }
        state.readingMore = false;
    });
}

function amount(n, state) {
    if (n <= 0 || (state.length === 0 && state.ended)) return 0;
    if (state.objectMode) return 1;
    if (Number.isNaN(n)) return state.flowing && state.length > 0 ? state.buffer[0].length : state.length;
    if (n <= state.length) return n;
    return state.ended ? state.length : 0;
}

Readable.prototype.read = function (n) {
    if (n === undefined) n = NaN; else n = Number.parseInt(n, 10);
    const state = this._readableState, asked = n;
    if (n > state.highWaterMark && !state.objectMode) state.highWaterMark = Math.min(n, 1 << 30);
    if (n !== 0) state.emittedReadable = false;
    const full = state.highWaterMark !== 0 ? state.length >= state.highWaterMark : state.length > 0;
    if (n === 0 && state.needReadable && (full || state.ended)) {
        signalNow(this);
        return null;
    }
    n = amount(n, state);
    if (n === 0 && state.ended) {
        if (state.length === 0) finish(this);
        return null;
    }
    const more = state.needReadable || state.length === 0 || state.length - n < state.highWaterMark;
    if (more && !state.ended && !state.reading && !state.destroyed && !state.errored && !state.constructing) {
        state.reading = true;
        state.sync = true;
        if (state.length === 0) state.needReadable = true;
        try {
            this._read(state.highWaterMark);
        } catch (error) {
            fail(this, error);
        }
        state.sync = false;
        // What came at once counts for this read.
        if (!state.reading) n = amount(asked, state);
    }
    const chunk = n > 0 ? remove(state, n) : null;
    if (chunk === null) {
        state.needReadable = state.length <= state.highWaterMark;
        n = 0;
    } else {
        state.length -= n;
    }
    if (state.length === 0) {
        if (!state.ended) state.needReadable = true;
        else if (asked !== n) finish(this);
    }
    if (chunk !== null && !state.errored && !state.closeEmitted) {
        state.dataEmitted = true;
        this.emit('data', chunk);
    }
    return chunk;
};

function signalNow(stream) {
    const state = stream._readableState;
    if (state.length === 0 && state.ended) finish(stream); else signal(stream);
}

function remove(state, n) {
    if (state.length === 0) return null;
    if (state.objectMode) return state.buffer.shift();
    if (n >= state.length) {
        const all = state.buffer.length === 1 ? state.buffer[0]
            : state.decoder ? state.buffer.join('') : Buffer.concat(state.buffer, state.length);
        state.buffer = [];
        return all;
    }
    const parts = [];
    let left = n;
    while (left > 0) {
        const first = state.buffer[0];
        if (first.length <= left) {
            parts.push(state.buffer.shift());
            left -= first.length;
        } else {
            parts.push(first.slice(0, left));
            state.buffer[0] = first.slice(left);
            left = 0;
        }
    }
    if (parts.length === 1) return parts[0];
    return state.decoder ? parts.join('') : Buffer.concat(parts, n);
}

function finish(stream) {
    const state = stream._readableState;
    if (state.endEmitted || state.endScheduled) return;
    state.ended = true;
    state.endScheduled = true;
    process.nextTick(() => {
        state.endScheduled = false;
        if (state.errored || state.closeEmitted || state.endEmitted || state.length > 0) return;
        state.endEmitted = true;
        stream.emit('end');
        const w = stream._writableState;
        if (w && stream.allowHalfOpen === false && stream.writable && !w.ending) {
            stream.end();
        } else if (state.autoDestroy && (!w || (w.autoDestroy && (w.finished || w.writable === false)))) {
            stream.destroy();
        }
    });
}

function flow(stream) {
    const state = stream._readableState;
    while (state.flowing && stream.read() !== null);
}

Readable.prototype.on = function (name, listener) {
    const result = Stream.prototype.on.call(this, name, listener), state = this._readableState;
    if (name === 'data') {
        state.readableListening = this.listenerCount('readable') > 0;
        if (state.flowing !== false) this.resume();
    } else if (name === 'readable' && !state.endEmitted && !state.readableListening) {
        state.readableListening = true;
        state.needReadable = true;
        state.flowing = false;
        state.emittedReadable = false;
        if (state.length > 0) signal(this); else if (!state.reading) process.nextTick(() => this.read(0));
    }
    return result;
};
Readable.prototype.addListener = Readable.prototype.on;

Readable.prototype.removeListener = function (name, listener) {
    const result = Stream.prototype.removeListener.call(this, name, listener);
    if (name === 'readable') process.nextTick(updateListening, this);
    return result;
};
Readable.prototype.off = Readable.prototype.removeListener;
Readable.prototype.removeAllListeners = function (...names) {
    const result = Stream.prototype.removeAllListeners.apply(this, names);
    if (names.length === 0 || names[0] === 'readable') process.nextTick(updateListening, this);
    return result;
};

function updateListening(stream) {
    const state = stream._readableState;
    state.readableListening = stream.listenerCount('readable') > 0;
    if (state.resumeScheduled && !state.explicitlyPaused) state.flowing = true;
    else if (stream.listenerCount('data') > 0) stream.resume();
    else if (!state.readableListening) state.flowing = null;
}

Readable.prototype.resume = function () {
    const state = this._readableState;
    if (!state.flowing) {
        state.flowing = !state.readableListening;
        if (!state.resumeScheduled) {
            state.resumeScheduled = true;
            process.nextTick(() => {
                if (!state.reading) this.read(0);
                state.resumeScheduled = false;
                this.emit('resume');
                flow(this);
                if (state.flowing && !state.reading) this.read(0);
            });
        }
    }
    state.explicitlyPaused = false;
    return this;
};
Readable.prototype.pause = function () {
    const state = this._readableState;
    if (state.flowing !== false) {
        state.flowing = false;
        this.emit('pause');
    }
    state.explicitlyPaused = true;
    return this;
};
Readable.prototype.isPaused = function () {
    return this._readableState.explicitlyPaused || this._readableState.flowing === false;
};

Readable.prototype.setEncoding = function (encoding) {
    const { StringDecoder } = require('string_decoder'), state = this._readableState;
    state.decoder = new StringDecoder(encoding);
    state.encoding = state.decoder.encoding;
    const text = state.buffer.map((chunk) => state.decoder.write(chunk)).join('');
    state.buffer = text === '' ? [] : [text];
    state.length = text.length;
    return this;
};

Readable.prototype.pipe = function (target, options) {
    const state = this._readableState, self = this;
    const link = { target };
    const onData = (chunk) => { if (target.write(chunk) === false) pause(); };
    const pause = () => {
        state.waiting.add(target);
        self.pause();
        target.once('drain', onDrain);
    };
    const onDrain = () => {
        state.waiting.delete(target);
        if (state.waiting.size === 0 && self.listenerCount('data') > 0) self.resume();
    };
    const onEnd = () => target.end();
    const onError = (error) => {
        self.unpipe(target);
        if (target.listenerCount('error') === 0) fail(target, error);
    };
    const onGone = () => self.unpipe(target);
    link.remove = () => {
        self.removeListener('data', onData);
        self.removeListener('end', onEnd);
        target.removeListener('drain', onDrain);
        target.removeListener('error', onError);
        target.removeListener('close', onGone);
        target.removeListener('finish', onGone);
        if (state.waiting.delete(target) && state.waiting.size === 0 && self.listenerCount('data') > 0) self.resume();
    };
    state.pipes.push(link);
    const ends = (!options || options.end !== false) && target !== process.stdout && target !== process.stderr;
    if (ends) { if (state.endEmitted) process.nextTick(onEnd); else this.once('end', onEnd); }
    this.on('data', onData);
    if (typeof target.prependListener === 'function') target.prependListener('error', onError);
    target.once('close', onGone);
    target.once('finish', onGone);
    target.emit('pipe', this);
    if (target.writableNeedDrain === true) pause(); else if (!state.flowing) this.resume();
    return target;
};

Readable.prototype.unpipe = function (target) {
    const state = this._readableState;
    const gone = state.pipes.filter((link) => target === undefined || link.target === target);
    if (gone.length === 0) return this;
    state.pipes = state.pipes.filter((link) => !gone.includes(link));
    for (const link of gone) link.remove();
    if (state.pipes.length === 0) this.pause();
    for (const link of gone) link.target.emit('unpipe', this, { hasUnpiped: false });
    return this;
};

Readable.prototype[Symbol.asyncIterator] = async function* () {
    let wake = null, failure, done = false;
    const poke = () => { if (wake !== null) { wake(); wake = null; } };
    const onEnd = () => { done = true; poke(); };
    const onError = (error) => { failure = error; poke(); };
    const onClose = () => {
        if (!done && failure === undefined) failure = coded(Error, 'ERR_STREAM_PREMATURE_CLOSE', 'Premature close');
        poke();
    };
    this.on('readable', poke).on('end', onEnd).on('error', onError).on('close', onClose);
    if (this._readableState.endEmitted) done = true;
    try {
        for (;;) {
            const chunk = this.destroyed ? null : this.read();
            if (chunk !== null) yield chunk;
            else if (failure !== undefined) throw failure;
            else if (done) return;
            else await new Promise((resolve) => { wake = resolve; });
        }
    } finally {
        this.removeListener('readable', poke).removeListener('end', onEnd).removeListener('close', onClose);
        if (!this.destroyed) this.destroy();
        this.removeListener('error', onError);
    }
};

Readable.from = function (source, options) {
    const single = typeof source === 'string' || Buffer.isBuffer(source);
    const iterator = single ? [source][Symbol.iterator]()
        : (source[Symbol.asyncIterator] || source[Symbol.iterator]).call(source);
    let busy = false;
    const stream = new Readable(Object.assign({ objectMode: true, highWaterMark: 1 }, options));
    stream._read = function () {
        if (busy) return;
        busy = true;
        (async () => {
            try {
                for (;;) {
                    const { value, done } = await iterator.next();
                    if (done) { stream.push(null); return; }
                    const chunk = await value;
                    if (chunk === null) throw coded(TypeError, 'ERR_STREAM_NULL_VALUES', 'May not write null values to stream');
                    if (!stream.push(chunk)) { busy = false; return; }
                }
            } catch (error) {
                stream.destroy(error);
            }
        })();
    };
    stream._destroy = function (error, callback) {
        const stop = typeof iterator.return === 'function' ? Promise.resolve(iterator.return()) : Promise.resolve();
        stop.then(() => callback(error), (failed) => callback(failed || error));
    };
    return stream;
};

accessors(Readable.prototype, {
    readable: function () {
        const state = this._readableState;
        return Boolean(state) && !state.destroyed && !state.endEmitted && !state.errored;
    },
    destroyed: {
        get: function () { return Boolean(this._readableState && this._readableState.destroyed); },
        set: function (value) { if (this._readableState) this._readableState.destroyed = value; },
    },
    readableFlowing: {
        get: function () { return this._readableState.flowing; },
        set: function (value) { this._readableState.flowing = value; },
    },
    readableEnded: function () { return this._readableState.endEmitted; },
    readableLength: function () { return this._readableState.length; },
    readableHighWaterMark: function () { return this._readableState.highWaterMark; },
    readableObjectMode: function () { return this._readableState.objectMode; },
    readableEncoding: function () { return this._readableState.encoding; },
    readableAborted: function () {
        const state = this._readableState;
        return (state.destroyed || state.errored !== null) && !state.endEmitted;
    },
    readableDidRead: function () { return this._readableState.dataEmitted; },
    errored: function () { return this._readableState.errored; },
    closed: function () { return this._readableState.closeEmitted; },
});

module.exports = { Readable, Stream, inherits, init, checkMark, abortWith };
