'use strict';

const timers = require('timers');
const { make } = require('internal/errors');

function aborted(signal) {
    const error = make(Error, 'ABORT_ERR', 'The operation was aborted');
    error.name = 'AbortError';
    error.cause = signal.reason;
    return error;
}

function wait(start, stop) {
    return (value, { signal, ref = true } = {}) => new Promise((resolve, reject) => {
        if (signal?.aborted) {
            reject(aborted(signal));
            return;
        }
        const onAbort = () => {
            stop(handle);
            reject(aborted(signal));
        };
        const handle = start(() => {
            signal?.removeEventListener('abort', onAbort);
            resolve(value);
        });
        if (!ref) handle.unref();
        signal?.addEventListener('abort', onAbort, { once: true });
    });
}

exports.setTimeout = function setTimeout(delay, value, options) {
    return wait((done) => timers.setTimeout(done, delay), timers.clearTimeout)(value, options);
};

exports.setImmediate = function setImmediate(value, options) {
    return wait((done) => timers.setImmediate(done), timers.clearImmediate)(value, options);
};

exports.setInterval = async function* setInterval(delay, value, options) {
    for (;;) yield await exports.setTimeout(delay, value, options);
};

exports.scheduler = {
    wait: (delay, options) => exports.setTimeout(delay, undefined, options),
    yield: () => exports.setImmediate(),
};
