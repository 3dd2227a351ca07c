'use strict';

const { abortError, make, invalidArgType, outOfRange, validateFunction } = require('internal/errors');

const kErrorMonitor = Symbol('events.errorMonitor');
const kCapture = Symbol('kCapture');
const kRejection = Symbol.for('nodejs.rejection');
let defaultMaxListeners = 10;

function EventEmitter(options) {
    EventEmitter.init.call(this, options);
}

EventEmitter.prototype._events = undefined;
EventEmitter.prototype._eventsCount = 0;
EventEmitter.prototype._maxListeners = undefined;
Object.defineProperty(EventEmitter.prototype, kCapture, { value: false, writable: true, enumerable: false });

EventEmitter.init = function init(options) {
    if (this._events === undefined || this._events === Object.getPrototypeOf(this)._events) {
        this._events = Object.create(null);
        this._eventsCount = 0;
    }
    this._maxListeners ||= undefined;
    if (options?.captureRejections) {
        if (typeof options.captureRejections !== 'boolean') {
            throw invalidArgType('options.captureRejections', 'boolean', options.captureRejections);
        }
        this[kCapture] = true;
    } else {
        this[kCapture] = EventEmitter.prototype[kCapture];
    }
};

function validLimit(n, name) {
    if (typeof n !== 'number') throw invalidArgType(name, 'number', n);
    if (!(n >= 0)) throw outOfRange(name, 'a non-negative number', n);
    return n;
}

EventEmitter.prototype.setMaxListeners = function setMaxListeners(n) {
    this._maxListeners = validLimit(n, 'setMaxListeners');
    return this;
};

EventEmitter.prototype.getMaxListeners = function getMaxListeners() {
    return this._maxListeners === undefined ? defaultMaxListeners : this._maxListeners;
};

function unhandled(args) {
    const error = args[0];
    if (error instanceof Error) return error;
    let shown;
    try {
        shown = require('util').inspect(error);
    } catch {
        shown = String(error);
    }
    const made = make(Error, 'ERR_UNHANDLED_ERROR', `Unhandled error. (${shown})`);
    made.context = error;
    return made;
}

EventEmitter.prototype.emit = function emit(type, ...args) {
    const events = this._events;
    if (type === 'error') {
        if (events !== undefined && events[kErrorMonitor] !== undefined) this.emit(kErrorMonitor, ...args);
        if (events === undefined || events.error === undefined) throw unhandled(args);
    }
    const handler = events?.[type];
    if (handler === undefined) return false;
    if (typeof handler === 'function') {
        capture(this, handler.apply(this, args), type, args);
    } else {
        // A copy: listeners may be added and removed meanwhile.
        for (const listener of handler.slice()) capture(this, listener.apply(this, args), type, args);
    }
    return true;
};

function capture(emitter, result, type, args) {
    if (result === undefined || result === null || !emitter[kCapture]) return;
    if (typeof result.then !== 'function') return;
    result.then(undefined, (error) => process.nextTick(() => {
        if (typeof emitter[kRejection] === 'function') {
            emitter[kRejection](error, type, ...args);
            return;
        }
        const before = emitter[kCapture];
        try {
            emitter[kCapture] = false;
            emitter.emit('error', error);
        } finally {
            emitter[kCapture] = before;
        }
    }));
}

function add(target, type, listener, prepend) {
    validateFunction(listener, 'listener');
    let events = target._events;
    if (events === undefined) {
        events = target._events = Object.create(null);
        target._eventsCount = 0;
    } else if (events.newListener !== undefined) {
        target.emit('newListener', type, listener.listener ?? listener);
        events = target._events;
    }
    const existing = events[type];
    if (existing === undefined) {
        events[type] = listener;
        target._eventsCount++;
        return target;
    }
    const all = typeof existing === 'function' ? (events[type] = [existing]) : existing;
    if (prepend) all.unshift(listener);
    else all.push(listener);
    const limit = target.getMaxListeners?.() ?? defaultMaxListeners;
    if (limit > 0 && all.length > limit && !all.warned) {
        all.warned = true;
        warnAboutLeak(target, type, all.length, limit);
    }
    return target;
}

function warnAboutLeak(target, type, count, limit) {
    const warning = new Error(`Possible EventEmitter memory leak detected. ${count} ${String(type)} listeners `
        + `added to ${require('util').inspect(target, { depth: -1 })}. MaxListeners is ${limit}. `
        + 'Use emitter.setMaxListeners() to increase limit');
    warning.name = 'MaxListenersExceededWarning';
    warning.emitter = target;
    warning.type = type;
    warning.count = count;
    process.emitWarning(warning);
}

EventEmitter.prototype.addListener = function addListener(type, listener) {
    return add(this, type, listener, false);
};
EventEmitter.prototype.on = EventEmitter.prototype.addListener;
EventEmitter.prototype.prependListener = function prependListener(type, listener) {
    return add(this, type, listener, true);
};

function onceWrapper(target, type, listener) {
    validateFunction(listener, 'listener');
    let fired = false;
    function wrapped(...args) {
        if (fired) return undefined;
        target.removeListener(type, wrapped);
        fired = true;
        return listener.apply(target, args);
    }
    wrapped.listener = listener;
    return wrapped;
}

EventEmitter.prototype.once = function once(type, listener) {
    return this.on(type, onceWrapper(this, type, listener));
};
EventEmitter.prototype.prependOnceListener = function prependOnceListener(type, listener) {
    return this.prependListener(type, onceWrapper(this, type, listener));
};

EventEmitter.prototype.removeListener = function removeListener(type, listener) {
    validateFunction(listener, 'listener');
    const events = this._events;
    const existing = events?.[type];
    if (existing === undefined) return this;
    let removed;
    if (typeof existing === 'function') {
        if (existing !== listener && existing.listener !== listener) return this;
        removed = existing;
        drop(this, type);
    } else {
        const at = existing.findLastIndex((one) => one === listener || one.listener === listener);
        if (at < 0) return this;
        [removed] = existing.splice(at, 1);
        if (existing.length === 1) events[type] = existing[0];
    }
    if (events.removeListener !== undefined) this.emit('removeListener', type, removed.listener ?? removed);
    return this;
};
EventEmitter.prototype.off = EventEmitter.prototype.removeListener;

function drop(target, type) {
    if (--target._eventsCount === 0) {
        const { removeListener } = target._events;
        target._events = Object.create(null);
        if (type !== 'removeListener' && removeListener) target._events.removeListener = removeListener;
    } else {
        delete target._events[type];
    }
}

EventEmitter.prototype.removeAllListeners = function removeAllListeners(...types) {
    const events = this._events;
    if (events === undefined) return this;
    if (events.removeListener === undefined) {
        if (types.length === 0) {
            this._events = Object.create(null);
            this._eventsCount = 0;
        } else if (events[types[0]] !== undefined) {
            drop(this, types[0]);
        }
        return this;
    }
    if (types.length === 0) {
        for (const type of Reflect.ownKeys(events)) {
            if (type !== 'removeListener') this.removeAllListeners(type);
        }
        this.removeAllListeners('removeListener');
        this._events = Object.create(null);
        this._eventsCount = 0;
        return this;
    }
    // Last added goes first; listeners of removeListener are told of each.
    for (const listener of this.rawListeners(types[0]).reverse()) this.removeListener(types[0], listener);
    return this;
};

function listOf(target, type) {
    const existing = target._events?.[type];
    if (existing === undefined) return [];
    return typeof existing === 'function' ? [existing] : existing.slice();
}

EventEmitter.prototype.listeners = function listeners(type) {
    return listOf(this, type).map((one) => one.listener ?? one);
};
EventEmitter.prototype.rawListeners = function rawListeners(type) {
    return listOf(this, type);
};
EventEmitter.prototype.listenerCount = function listenerCount(type, listener) {
    const all = listOf(this, type);
    return listener ? all.filter((one) => one === listener || one.listener === listener).length : all.length;
};
EventEmitter.prototype.eventNames = function eventNames() {
    return this._eventsCount > 0 ? Reflect.ownKeys(this._events) : [];
};

// Emitters and event targets are told apart by what they can do.
const isEmitter = (value) => typeof value?.on === 'function';
const isTarget = (value) => typeof value?.addEventListener === 'function';

function checked(emitter, options) {
    const signal = options?.signal;
    if (signal !== undefined && (signal === null || typeof signal !== 'object' || !('aborted' in signal))) {
        throw invalidArgType('options.signal', 'AbortSignal', signal);
    }
    if (signal?.aborted) throw abortError(signal);
    if (!isEmitter(emitter) && !isTarget(emitter)) throw invalidArgType('emitter', 'EventEmitter', emitter);
    return signal;
}

// A promise for the arguments of the next event; an 'error' meanwhile rejects it.
async function once(emitter, type, options = {}) {
    const signal = checked(emitter, options);
    return new Promise((resolve, reject) => {
        const listen = (name, fn) => (isEmitter(emitter) ? emitter.once(name, fn)
            : emitter.addEventListener(name, fn, { once: true }));
        const ignore = (name, fn) => (isEmitter(emitter)
            ? emitter.removeListener(name, fn) : emitter.removeEventListener(name, fn));
        const done = (...args) => {
            ignore('error', failed);
            signal?.removeEventListener('abort', aborted);
            resolve(args);
        };
        const failed = (error) => {
            ignore(type, done);
            signal?.removeEventListener('abort', aborted);
            reject(error);
        };
        const aborted = () => {
            ignore(type, done);
            ignore('error', failed);
            reject(abortError(signal));
        };
        listen(type, done);
        if (type !== 'error' && typeof emitter.once === 'function') emitter.once('error', failed);
        signal?.addEventListener('abort', aborted, { once: true });
    });
}

// An async iterator over the arguments of each event, without gaps.
function on(emitter, type, options = {}) {
    const signal = checked(emitter, options);
    const listen = (name, fn) => (isEmitter(emitter) ? emitter.on(name, fn) : emitter.addEventListener(name, fn));
    const ignore = (name, fn) => (isEmitter(emitter)
        ? emitter.removeListener(name, fn) : emitter.removeEventListener(name, fn));
    const ready = [];
    const waiting = [];
    let failure = null;
    let finished = false;
    const closers = options?.close ?? [];

    function handler(...args) {
        const next = waiting.shift();
        if (next) next.resolve({ value: args, done: false });
        else ready.push(args);
    }
    function failed(error) {
        const next = waiting.shift();
        if (next) next.reject(error);
        else failure = error;
        iterator.return();
    }
    const aborted = () => failed(abortError(signal));
    const iterator = {
        next() {
            if (ready.length) return Promise.resolve({ value: ready.shift(), done: false });
            if (failure) {
                const error = failure;
                failure = null;
                return Promise.reject(error);
            }
            if (finished) return Promise.resolve({ value: undefined, done: true });
            return new Promise((resolve, reject) => waiting.push({ resolve, reject }));
        },
        return() {
            ignore(type, handler);
            if (isEmitter(emitter)) emitter.removeListener('error', failed);
            for (const name of closers) ignore(name, iterator.return);
            signal?.removeEventListener('abort', aborted);
            finished = true;
            for (const next of waiting.splice(0)) next.resolve({ value: undefined, done: true });
            return Promise.resolve({ value: undefined, done: true });
        },
        throw(error) {
            if (!(error instanceof Error)) throw invalidArgType('EventEmitter.AsyncIterator', 'Error', error);
            failed(error);
        },
        [Symbol.asyncIterator]() {
            return this;
        },
    };
    listen(type, handler);
    if (type !== 'error' && isEmitter(emitter)) emitter.on('error', failed);
    for (const name of closers) listen(name, iterator.return);
    signal?.addEventListener('abort', aborted, { once: true });
    return iterator;
}

// Calls the listener once when the signal is aborted, at once when it is already.
function addAbortListener(signal, listener) {
    if (signal === undefined || signal === null || typeof signal !== 'object' || !('aborted' in signal)) {
        throw invalidArgType('signal', 'AbortSignal', signal);
    }
    validateFunction(listener, 'listener');
    if (signal.aborted) queueMicrotask(() => listener());
    else signal.addEventListener('abort', listener, { once: true });
    return {
        __proto__: null,
        [Symbol.dispose ?? Symbol.for('Symbol.dispose')]() {
            signal.removeEventListener('abort', listener);
        },
    };
}

EventEmitter.once = once;
EventEmitter.on = on;
EventEmitter.addAbortListener = addAbortListener;
EventEmitter.EventEmitter = EventEmitter;
EventEmitter.usingDomains = false;
EventEmitter.errorMonitor = kErrorMonitor;
EventEmitter.captureRejectionSymbol = kRejection;
EventEmitter.listenerCount = (emitter, type) => emitter.listenerCount(type);
EventEmitter.getEventListeners = function getEventListeners(emitter, type) {
    if (typeof emitter?.listeners === 'function') return emitter.listeners(type);
    return eventTarget(emitter, 'emitter').listenersOf(emitter, type);
};
EventEmitter.getMaxListeners = function getMaxListeners(emitter) {
    if (typeof emitter?.getMaxListeners === 'function') return emitter.getMaxListeners();
    return emitter?.[eventTarget(emitter, 'emitter').kLimit] ?? defaultMaxListeners;
};
EventEmitter.setMaxListeners = function setMaxListeners(n = defaultMaxListeners, ...targets) {
    validLimit(n, 'n');
    if (targets.length === 0) defaultMaxListeners = n;
    for (const target of targets) {
        if (typeof target?.setMaxListeners === 'function') target.setMaxListeners(n);
        else target[eventTarget(target, 'eventTargets').kLimit] = n;
    }
};

// The module of event targets, asked for only with an object that looks like one.
function eventTarget(value, name) {
    const module = isTarget(value) && require('internal/event_target');
    if (module && module.isEventTarget(value)) return module;
    throw invalidArgType(name, ['EventEmitter', 'EventTarget'], value);
}

Object.defineProperty(EventEmitter, 'defaultMaxListeners', {
    enumerable: true,
    get: () => defaultMaxListeners,
    set(n) {
        defaultMaxListeners = validLimit(n, 'defaultMaxListeners');
    },
});
Object.defineProperty(EventEmitter, 'captureRejections', {
    enumerable: true,
    get: () => EventEmitter.prototype[kCapture],
    set(value) {
        if (typeof value !== 'boolean') throw invalidArgType('EventEmitter.captureRejections', 'boolean', value);
        EventEmitter.prototype[kCapture] = value;
    },
});

module.exports = EventEmitter;
