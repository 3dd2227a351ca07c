'use strict';
// `finished` and `pipeline`.

const { coded } = require('internal/stream/destroy');

const closedEarly = () => coded(Error, 'ERR_STREAM_PREMATURE_CLOSE', 'Premature close');

// Calls back once the stream has ended, failed, or closed too early. Gives back how to stop listening.
function finished(stream, options, callback) {
    if (typeof options === 'function') { callback = options; options = {}; }
    const given = options || {};
    const r = stream._readableState, w = stream._writableState;
    const reads = given.readable !== undefined ? given.readable : Boolean(r);
    const writes = given.writable !== undefined ? given.writable : Boolean(w);
    let readDone = !reads || !r || r.endEmitted, writeDone = !writes || !w || w.finished, over = false;
    const end = (error) => {
        if (over) return;
        over = true;
        if (given.cleanup) stop();
        callback.call(stream, error);
    };
    const onEnd = () => { readDone = true; if (writeDone) end(); };
    const onFinish = () => { writeDone = true; if (readDone) end(); };
    const onError = (error) => end(error);
    const onClose = () => {
        const error = (r && r.errored) || (w && w.errored);
        if (error) return end(error);
        end(readDone && writeDone ? undefined : closedEarly());
    };
    const stop = () => {
        stream.removeListener('end', onEnd);
        stream.removeListener('finish', onFinish);
        stream.removeListener('error', onError);
        stream.removeListener('close', onClose);
    };
    stream.on('end', onEnd).on('finish', onFinish);
    if (given.error !== false) stream.on('error', onError);
    stream.on('close', onClose);
    const closed = (r && r.closeEmitted) || (w && w.closeEmitted) || (r && r.errored) || (w && w.errored);
    if (closed) process.nextTick(onClose);
    else if (readDone && writeDone) process.nextTick(end);
    return () => { callback = () => {}; stop(); };
}

// Pipes one into the next; when any of them fails, all are destroyed.
function pipeline(...streams) {
    let callback = typeof streams[streams.length - 1] === 'function' ? streams.pop() : () => {};
    if (streams.length === 1 && Array.isArray(streams[0])) streams = streams[0];
    if (streams.length < 2) throw coded(TypeError, 'ERR_MISSING_ARGS', 'The "streams" argument must be specified');
    if (typeof streams[0].pipe !== 'function') {
        streams[0] = require('internal/stream/readable').Readable.from(typeof streams[0] === 'function' ? streams[0]() : streams[0]);
    }
    let failure, left = streams.length;
    const done = callback;
    callback = (error) => {
        if (error && (failure === undefined || failure.code === 'ERR_STREAM_PREMATURE_CLOSE')) failure = error;
        if (error) for (const stream of streams) if (!stream.destroyed) stream.destroy(error === failure ? undefined : failure);
        if (--left === 0) done(failure);
    };
    streams.forEach((stream, i) => {
        const last = i === streams.length - 1;
        // The others' failure reaches us by `finished`; a listener keeps it from being thrown.
        stream.on('error', () => {});
        finished(stream, { readable: !last, writable: i > 0 }, callback);
        if (!last) stream.pipe(streams[i + 1]);
    });
    return streams[streams.length - 1];
}

module.exports = { finished, pipeline };
