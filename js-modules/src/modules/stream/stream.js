'use strict';

const { Readable, Stream, inherits, init: initReadable, abortWith } = require('internal/stream/readable');
const { Writable, init: initWritable, define, next } = require('internal/stream/writable');
const { finished, pipeline } = require('internal/stream/finished');
const { coded, destroy, construct, accessors } = require('internal/stream/destroy');

function Duplex(options) {
    if (!(this instanceof Duplex)) return new Duplex(options);
    setUp.call(this, options);
}
inherits(Duplex, Readable);
define(Duplex.prototype, ['destroyed', 'errored', 'closed']);

function setUp(options) {
    initReadable.call(this, options, true);
    initWritable.call(this, options, true);
    this.allowHalfOpen = !options || options.allowHalfOpen !== false;
    if (options && options.readable === false) {
        const state = this._readableState;
        state.readable = false;
        state.ended = true;
        state.endEmitted = true;
    }
    if (options && options.writable === false) {
        const state = this._writableState;
        state.writable = false;
        state.ending = true;
        state.finished = true;
    }
    Stream.call(this, options);
    construct(this, this._readableState, () => { next(this); this.read(0); });
}

accessors(Duplex.prototype, {
    destroyed: {
        get: function () {
            return Boolean(this._readableState && this._writableState && this._readableState.destroyed && this._writableState.destroyed);
        },
        set: function (value) {
            if (this._readableState && this._writableState) {
                this._readableState.destroyed = value;
                this._writableState.destroyed = value;
            }
        },
    },
});

const HELD = Symbol('held callback');

function Transform(options) {
    if (!(this instanceof Transform)) return new Transform(options);
    setUp.call(this, options);
    this._readableState.sync = false;
    this[HELD] = null;
    if (options) {
        if (typeof options.transform === 'function') this._transform = options.transform;
        if (typeof options.flush === 'function') this._flush = options.flush;
    }
    this.on('prefinish', prefinish);
}
inherits(Transform, Duplex);

function prefinish() {
    if (this._final === final) return;
    final.call(this, (error) => { if (error) this.destroy(error); });
}

function final(callback) {
    if (typeof this._flush !== 'function' || this.destroyed) {
        this.push(null);
        callback();
        return;
    }
    this._flush((error, data) => {
        if (error) { callback(error); return; }
        if (data !== undefined && data !== null) this.push(data);
        this.push(null);
        callback();
    });
}

Transform.prototype._final = final;
Transform.prototype._transform = function () {
    throw coded(Error, 'ERR_METHOD_NOT_IMPLEMENTED', 'The _transform() method is not implemented');
};
Transform.prototype._write = function (chunk, encoding, callback) {
    const state = this._readableState, before = state.length;
    this._transform(chunk, encoding, (error, data) => {
        if (error) { callback(error); return; }
        if (data !== undefined && data !== null) this.push(data);
        if (state.ended || before === state.length || state.length < state.highWaterMark) callback();
        // Nobody reads: the writer waits.
        else this[HELD] = callback;
    });
};
Transform.prototype._read = function () {
    const callback = this[HELD];
    if (callback !== null) {
        this[HELD] = null;
        callback();
    }
};

function PassThrough(options) {
    if (!(this instanceof PassThrough)) return new PassThrough(options);
    Transform.call(this, options);
}
inherits(PassThrough, Transform);
PassThrough.prototype._transform = function (chunk, encoding, callback) { callback(null, chunk); };

Stream.Stream = Stream;
Stream.Readable = Readable;
Stream.Writable = Writable;
Stream.Duplex = Duplex;
Stream.Transform = Transform;
Stream.PassThrough = PassThrough;
Stream.finished = finished;
Stream.pipeline = pipeline;
Stream.addAbortSignal = (signal, stream) => { abortWith(signal, stream); return stream; };
Stream.destroy = (stream, error) => destroy.call(stream, error);
Stream.isReadable = (stream) => Boolean(stream && stream.readable);
Stream.isErrored = (stream) => Boolean(stream && stream.errored);
Stream.promises = {
    finished: (stream, options) => new Promise((resolve, reject) => {
        finished(stream, options || {}, (error) => { if (error) reject(error); else resolve(); });
    }),
    pipeline: (...streams) => new Promise((resolve, reject) => {
        pipeline(...streams, (error) => { if (error) reject(error); else resolve(); });
    }),
};

module.exports = Stream;
