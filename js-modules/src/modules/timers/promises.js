'use strict';

const timers = require('timers');
const { abortError, invalidArgType, make } = require('internal/errors');

function checked(options) {
    if (options === null || typeof options !== 'object') throw invalidArgType('options', 'Object', options);
    const { signal, ref = true } = options;
    if (signal !== undefined && (signal === null || typeof signal !== 'object' || !('aborted' in signal))) {
        throw invalidArgType('options.signal', 'AbortSignal', signal);
    }
    if (typeof ref !== 'boolean') throw invalidArgType('options.ref', 'boolean', ref);
    return { signal, ref };
}

// An async function: wrong options reject.
function wait(start, stop) {
    return async (value, options = {}) => {
        const { signal, ref } = checked(options);
        if (signal?.aborted) throw abortError(signal);
        return new Promise((resolve, reject) => {
            const onAbort = () => {
                stop(handle);
                reject(abortError(signal));
            };
            const handle = start(() => {
                signal?.removeEventListener('abort', onAbort);
                resolve(value);
            });
            if (!ref) handle.unref();
            signal?.addEventListener('abort', onAbort, { once: true });
        });
    };
}

exports.setTimeout = function setTimeout(delay, value, options) {
    return wait((done) => timers.setTimeout(done, delay), timers.clearTimeout)(value, options);
};

exports.setImmediate = function setImmediate(value, options) {
    return wait((done) => timers.setImmediate(done), timers.clearImmediate)(value, options);
};

// Ticks on while the body of the loop works; what it missed comes at once.
exports.setInterval = async function* setInterval(delay, value, options = {}) {
    const { signal, ref } = checked(options);
    if (signal?.aborted) throw abortError(signal);
    let missed = 0;
    let wake;
    let onAbort;
    const interval = timers.setInterval(() => {
        missed++;
        wake?.();
    }, delay);
    if (!ref) interval.unref();
    try {
        if (signal) {
            onAbort = () => {
                timers.clearInterval(interval);
                wake?.();
            };
            signal.addEventListener('abort', onAbort, { once: true });
        }
        while (!signal?.aborted) {
            if (missed === 0) await new Promise((resolve) => { wake = resolve; });
            for (; missed > 0; missed--) yield value;
        }
        throw abortError(signal);
    } finally {
        timers.clearInterval(interval);
        signal?.removeEventListener('abort', onAbort);
    }
};

class Scheduler {
    constructor() {
        throw make(TypeError, 'ERR_ILLEGAL_CONSTRUCTOR', 'Illegal constructor');
    }

    yield() {
        if (!(this instanceof Scheduler)) throw make(TypeError, 'ERR_INVALID_THIS', 'Value of "this" must be of type Scheduler');
        return exports.setImmediate();
    }

    wait(delay, options) {
        if (!(this instanceof Scheduler)) throw make(TypeError, 'ERR_INVALID_THIS', 'Value of "this" must be of type Scheduler');
        return exports.setTimeout(delay, undefined, options);
    }
}

exports.scheduler = Object.create(Scheduler.prototype);
