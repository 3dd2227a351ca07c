'use strict';
// What readable and writable sides share: errors, destroy, close.

function coded(Class, code, message) {
    const error = new Class(message);
    error.code = code;
    return error;
}

function argumentType(name, wanted, value) {
    const got = value === null || value === undefined ? String(value)
        : typeof value === 'object' ? 'an instance of ' + (value.constructor ? value.constructor.name : 'Object')
            : 'type ' + typeof value + ' (' + String(value) + ')';
    return coded(TypeError, 'ERR_INVALID_ARG_TYPE', `The "${name}" argument must be ${wanted}. Received ${got}`);
}

// Chunks of byte streams: text is encoded, other views become Buffers.
function toBuffer(chunk, encoding) {
    if (typeof chunk === 'string') return Buffer.from(chunk, encoding);
    if (Buffer.isBuffer(chunk)) return chunk;
    if (chunk instanceof Uint8Array) return Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    return undefined;
}

// One `destroy` for both sides of a stream.
function destroy(error, callback) {
    const r = this._readableState, w = this._writableState;
    if ((r && r.destroyed) || (w && w.destroyed)) {
        if (typeof callback === 'function') callback(error);
        return this;
    }
    if (r) r.destroyed = true;
    if (w) w.destroyed = true;
    if (error) note(r, w, error);
    const self = this;
    let called = false;
    const done = (failed) => {
        if (called) return;
        called = true;
        const reason = failed || null;
        if (reason) note(r, w, reason);
        if (r) r.closed = true;
        if (w) w.closed = true;
        if (typeof callback === 'function') callback(reason);
        process.nextTick(() => {
            if (reason) report(self, reason);
            const wanted = (!r || r.emitClose) && (!w || w.emitClose);
            if (r) r.closeEmitted = true;
            if (w) w.closeEmitted = true;
            if (wanted) self.emit('close');
        });
    };
    const run = () => {
        try {
            this._destroy(error || null, done);
        } catch (thrown) {
            done(thrown);
        }
    };
    // A stream that is still being made is destroyed once it is.
    if ((r && r.constructing) || (w && w.constructing)) this.once('_constructed', run); else run();
    return this;
}

function note(r, w, error) {
    if (r && !r.errored) r.errored = error;
    if (w && !w.errored) w.errored = error;
}

function report(stream, error) {
    const r = stream._readableState, w = stream._writableState;
    if ((r && r.errorEmitted) || (w && w.errorEmitted)) return;
    if (r) r.errorEmitted = true;
    if (w) w.errorEmitted = true;
    stream.emit('error', error);
}

// An error of the stream's own making: it ends the stream unless autoDestroy is off.
function fail(stream, error) {
    const r = stream._readableState, w = stream._writableState;
    if ((r && r.destroyed) || (w && w.destroyed)) return;
    const auto = (r && r.autoDestroy) || (w && w.autoDestroy);
    if (auto) {
        stream.destroy(error);
    } else {
        note(r, w, error);
        process.nextTick(report, stream, error);
    }
}

// Runs `_construct` before anything else when the stream has one.
function construct(stream, state, ready) {
    if (typeof stream._construct !== 'function') return;
    state.constructing = true;
    process.nextTick(() => {
        let called = false;
        const done = (error) => {
            if (called) return fail(stream, coded(Error, 'ERR_MULTIPLE_CALLBACK', 'Callback called multiple times'));
            called = true;
            state.constructing = false;
            stream.emit('_constructed');
            if (error) fail(stream, error); else process.nextTick(ready);
        };
        try {
            stream._construct(done);
        } catch (error) {
            done(error);
        }
    });
}

function accessors(prototype, table) {
    for (const name of Object.keys(table)) {
        const pair = table[name];
        Object.defineProperty(prototype, name, {
            get: pair.get || pair, set: pair.set, enumerable: false, configurable: true,
        });
    }
}

module.exports = { coded, argumentType, toBuffer, destroy, fail, construct, accessors };
