'use strict';

const frame = require('internal/frame');

// A callback runs in the frame of the place that made it (see async_hooks).
function inFrame(made, callback) {
    const before = frame.swap(made);
    try {
        return callback();
    } finally {
        frame.swap(before);
    }
}

class Timeout {
    constructor(callback, delay, repeat, args) {
        if (typeof callback !== 'function') throw invalidCallback(callback);
        this._onTimeout = callback;
        this._idleTimeout = checkedDelay(delay);
        this._repeat = repeat ? this._idleTimeout : null;
        this._args = args;
        this._refed = true;
        this._destroyed = false;
        hide(this, '_id', 0);
        const made = frame.get();
        if (made !== undefined) hide(this, '_frame', made);
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

function checkedDelay(delay) {
    if (delay >= 1 && delay <= 2147483647) return Math.trunc(delay);
    if (delay > 2147483647) {
        process.emitWarning(`${delay} does not fit into a 32-bit signed integer.\nTimeout duration was set to 1.`, 'TimeoutOverflowWarning');
    }
    return 1;
}

const byNumber = new Map();

function hide(object, name, value) {
    Object.defineProperty(object, name, { value, writable: true, configurable: true, enumerable: false });
}

function run() {
    if (this._repeat === null) forget(this);
    if (typeof this._onTimeout !== 'function') return;
    if (this._frame === undefined) this._onTimeout(...this._args);
    else inFrame(this._frame, () => this._onTimeout(...this._args));
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
        const made = frame.get();
        if (made !== undefined) hide(this, '_frame', made);
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
    if (this._frame === undefined) this._onImmediate(...this._args);
    else inFrame(this._frame, () => this._onImmediate(...this._args));
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
    const made = frame.get();
    native.queueMicrotask(made === undefined ? callback : () => inFrame(made, callback));
}

// The deprecated way: any object with _onTimeout becomes a timer. Node keeps the times in _idleTimeout.
function enroll(item, delay) {
    const { invalidArgType, outOfRange } = require('internal/errors');
    if (typeof delay !== 'number') throw invalidArgType('msecs', 'number', delay);
    if (!(delay >= 0 && Number.isFinite(delay))) throw outOfRange('msecs', 'a non-negative finite number', delay);
    unenroll(item);
    item._idleTimeout = checkedDelay(delay);
}

function unenroll(item) {
    if (item instanceof Timeout) {
        clearTimeout(item);
    } else if (enrolled.has(item)) {
        native.stop(enrolled.get(item));
        enrolled.delete(item);
    }
    item._idleTimeout = -1;
}

const enrolled = new WeakMap();

function activate(item, counted) {
    const delay = item._idleTimeout;
    if (!(delay >= 0)) return;
    if (enrolled.has(item)) native.stop(enrolled.get(item));
    item._idleStart = Math.trunc(process.uptime() * 1000);
    const id = native.start(item, fire, delay, false, []);
    if (!counted) native.setRef(id, false);
    enrolled.set(item, id);
}

function fire() {
    enrolled.delete(this);
    if (typeof this._onTimeout === 'function') this._onTimeout();
}

const warnedAbout = new Set();
function old(code, message, fn) {
    return (...args) => {
        if (!warnedAbout.has(code)) {
            warnedAbout.add(code);
            process.emitWarning(message, 'DeprecationWarning', code);
        }
        return fn(...args);
    };
}

exports.enroll = old('DEP0095', 'timers.enroll() is deprecated. Please use setTimeout instead.', enroll);
exports.unenroll = old('DEP0096', 'timers.unenroll() is deprecated. Please use clearTimeout instead.', unenroll);
exports.active = old('DEP0126', 'timers.active() is deprecated. Please use timeout.refresh() instead.', (item) => activate(item, true));
exports._unrefActive = old('DEP0127', 'timers._unrefActive() is deprecated. Please use timeout.refresh() instead.', (item) => activate(item, false));
Object.defineProperty(exports, 'promises', { configurable: true, enumerable: true, get: () => require('timers/promises') });
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
    value: { setTimeout: (delay, value) => new Promise((resolve) => setTimeout(resolve, delay, value)) }.setTimeout,
});
Object.defineProperty(setImmediate, custom, {
    value: { setImmediate: (value) => new Promise((resolve) => setImmediate(resolve, value)) }.setImmediate,
});
