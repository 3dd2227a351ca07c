'use strict';

class Timeout {
    constructor(callback, delay, repeat, args) {
        if (typeof callback !== 'function') throw invalidCallback(callback);
        this._onTimeout = callback;
        this._idleTimeout = delay >= 1 && delay <= 2147483647 ? Math.trunc(delay) : 1;
        this._repeat = repeat ? this._idleTimeout : null;
        this._args = args;
        this._refed = true;
        this._destroyed = false;
        hide(this, '_id', 0);
        this._start();
    }

    _start() {
        this._id = native.start(this, run, this._idleTimeout, this._repeat !== null, []);
        if (!this._refed) native.setRef(this._id, false);
        if (Object.hasOwn(this, '_primitive')) byNumber.set(this._primitive, this);
    }

    ref() {
        this._refed = true;
        native.setRef(this._id, true);
        return this;
    }

    unref() {
        this._refed = false;
        native.setRef(this._id, false);
        return this;
    }

    hasRef() {
        return this._refed;
    }

    // A timer that has fired starts again, one that was cleared does not.
    refresh() {
        if (!this._cleared && !native.refresh(this._id)) {
            this._destroyed = false;
            this._start();
        }
        return this;
    }

    close() {
        clearTimeout(this);
        return this;
    }

    // The number works for clearTimeout; only timers that were asked for one are kept by number.
    [Symbol.toPrimitive]() {
        if (!Object.hasOwn(this, '_primitive')) {
            hide(this, '_primitive', this._id);
            if (!this._destroyed) byNumber.set(this._primitive, this);
        }
        return this._primitive;
    }

    [Symbol.dispose ?? Symbol.for('Symbol.dispose')]() {
        clearTimeout(this);
    }
}

const byNumber = new Map();

function hide(object, name, value) {
    Object.defineProperty(object, name, { value, writable: true, configurable: true, enumerable: false });
}

function run() {
    if (this._repeat === null) forget(this);
    this._onTimeout(...this._args);
}

function forget(timer) {
    timer._destroyed = true;
    if (Object.hasOwn(timer, '_primitive')) byNumber.delete(timer._primitive);
}

class Immediate {
    constructor(callback, args) {
        if (typeof callback !== 'function') throw invalidCallback(callback);
        this._onImmediate = callback;
        this._args = args;
        this._refed = true;
        this._destroyed = false;
        hide(this, '_id', native.startImmediate(this, runImmediate, []));
    }

    ref() {
        this._refed = true;
        native.setImmediateRef(this._id, true);
        return this;
    }

    unref() {
        this._refed = false;
        native.setImmediateRef(this._id, false);
        return this;
    }

    hasRef() {
        return this._refed && !this._destroyed;
    }

    [Symbol.dispose ?? Symbol.for('Symbol.dispose')]() {
        clearImmediate(this);
    }
}

function runImmediate() {
    this._destroyed = true;
    this._onImmediate(...this._args);
}

function invalidCallback(value) {
    const shown = value === null || value === undefined ? String(value)
        : typeof value === 'object' ? `an instance of ${value.constructor?.name ?? 'Object'}`
            : `type ${typeof value} (${typeof value === 'string' ? `'${value}'` : String(value)})`;
    const error = new TypeError(`The "callback" argument must be of type function. Received ${shown}`);
    error.code = 'ERR_INVALID_ARG_TYPE';
    return error;
}

function setTimeout(callback, delay, ...args) {
    return new Timeout(callback, Number(delay), false, args);
}

function setInterval(callback, delay, ...args) {
    return new Timeout(callback, Number(delay), true, args);
}

function setImmediate(callback, ...args) {
    return new Immediate(callback, args);
}

function clearTimeout(timer) {
    if (typeof timer === 'number' || typeof timer === 'string') timer = byNumber.get(Number(timer));
    if (!(timer instanceof Timeout)) return;
    hide(timer, '_cleared', true);
    native.stop(timer._id);
    forget(timer);
}

function clearImmediate(immediate) {
    if (!(immediate instanceof Immediate) || immediate._destroyed) return;
    immediate._destroyed = true;
    native.stopImmediate(immediate._id);
}

function queueMicrotask(callback) {
    if (typeof callback !== 'function') throw invalidCallback(callback);
    native.queueMicrotask(callback);
}

exports.setTimeout = setTimeout;
exports.setInterval = setInterval;
exports.setImmediate = setImmediate;
exports.clearTimeout = clearTimeout;
exports.clearInterval = function clearInterval(timer) {
    clearTimeout(timer);
};
exports.clearImmediate = clearImmediate;
Object.defineProperty(exports, 'queueMicrotask', { value: queueMicrotask, enumerable: false });

// util.promisify(setTimeout) resolves with the value after the delay.
const custom = Symbol.for('nodejs.util.promisify.custom');
Object.defineProperty(setTimeout, custom, {
    value: (delay, value) => new Promise((resolve) => setTimeout(resolve, delay, value)),
});
Object.defineProperty(setImmediate, custom, {
    value: (value) => new Promise((resolve) => setImmediate(resolve, value)),
});
