'use strict';

// AbortController and AbortSignal.

const { Event, EventTarget, handlerAttribute, kAdded, kLimit, kRemoved, kTrust } = require('internal/event_target');
const { make, invalidArgType, outOfRange } = require('internal/errors');

const kInspect = Symbol.for('nodejs.util.inspect.custom');
const kMake = Symbol('may make signals');

function wrongThis(type) {
    return make(TypeError, 'ERR_INVALID_THIS', `Value of "this" must be of type ${type}`);
}

function domException(message, name) {
    return new (require('internal/dom_exception'))(message, name);
}

// Signals of `any` that somebody listens to: their sources know them weakly only.
const listenedTo = new Set();

let insideOf;

class AbortSignal extends EventTarget {
    #state;

    static {
        insideOf = (signal) => {
            if (signal === null || typeof signal !== 'object' || !(#state in signal)) throw wrongThis('AbortSignal');
            return signal.#state;
        };
    }

    constructor(key) {
        if (key !== kMake) throw make(TypeError, 'ERR_ILLEGAL_CONSTRUCTOR', 'Illegal constructor');
        super();
        this[kLimit] = 0;
        this.#state = { aborted: false, reason: undefined, composite: false, sources: [], dependents: [], prune: 16 };
    }

    get aborted() {
        return insideOf(this).aborted;
    }

    get reason() {
        return insideOf(this).reason;
    }

    throwIfAborted() {
        const { aborted, reason } = insideOf(this);
        if (aborted) throw reason;
    }

    static abort(reason = domException('This operation was aborted', 'AbortError')) {
        const signal = new AbortSignal(kMake);
        Object.assign(insideOf(signal), { aborted: true, reason });
        return signal;
    }

    static timeout(delay) {
        if (typeof delay !== 'number') throw invalidArgType('delay', 'number', delay);
        if (!Number.isInteger(delay)) throw outOfRange('delay', 'an integer', delay);
        if (delay < 0 || delay > 2 ** 32 - 1) throw outOfRange('delay', '>= 0 && <= 4294967295', delay);
        const signal = new AbortSignal(kMake);
        const timer = require('timers').setTimeout(
            () => abort(signal, domException('The operation was aborted due to timeout', 'TimeoutError')), delay);
        timer.unref();
        return signal;
    }

    static any(signals) {
        if (signals === null || typeof signals !== 'object' || typeof signals[Symbol.iterator] !== 'function') {
            throw invalidArgType('signals', 'Array', signals);
        }
        const all = [...signals];
        all.forEach((one, at) => {
            if (!(one instanceof AbortSignal)) throw invalidArgType(`signals[${at}]`, 'AbortSignal', one);
        });
        const result = new AbortSignal(kMake);
        const inside = insideOf(result);
        const aborted = all.find((one) => one.aborted);
        if (aborted !== undefined) {
            Object.assign(inside, { aborted: true, reason: aborted.reason });
            return result;
        }
        inside.composite = true;
        const weak = new WeakRef(result);
        for (const one of all) {
            // A composite stands for its own sources, so that chains stay flat.
            for (const source of insideOf(one).composite ? insideOf(one).sources : [one]) {
                if (inside.sources.includes(source)) continue;
                inside.sources.push(source);
                depend(insideOf(source), weak);
            }
        }
        return result;
    }

    [kAdded](type) {
        const inside = insideOf(this);
        if (type === 'abort' && inside.composite && !inside.aborted) listenedTo.add(this);
    }

    [kRemoved](type, left) {
        if (type === 'abort' && left === 0) listenedTo.delete(this);
    }

    [kInspect](depth, options, inspect) {
        return shown('AbortSignal', this, { aborted: this.aborted }, depth, options, inspect);
    }
}

function depend(source, weak) {
    source.dependents.push(weak);
    if (source.dependents.length >= source.prune) {
        source.dependents = source.dependents.filter((one) => one.deref() !== undefined);
        source.prune = Math.max(16, source.dependents.length * 2);
    }
}

function abort(signal, reason) {
    const inside = insideOf(signal);
    if (inside.aborted) return;
    Object.assign(inside, { aborted: true, reason });
    // All are aborted before any listener runs.
    const told = [signal];
    for (const weak of inside.dependents) {
        const one = weak.deref();
        if (one === undefined || insideOf(one).aborted) continue;
        Object.assign(insideOf(one), { aborted: true, reason, sources: [] });
        told.push(one);
    }
    inside.dependents = [];
    for (const one of told) {
        listenedTo.delete(one);
        one.dispatchEvent(new Event('abort', { [kTrust]: true }));
    }
}

class AbortController {
    #signal = new AbortSignal(kMake);

    get signal() {
        if (!(#signal in this)) throw wrongThis('AbortController');
        return this.#signal;
    }

    abort(reason = domException('This operation was aborted', 'AbortError')) {
        if (!(#signal in this)) throw wrongThis('AbortController');
        abort(this.#signal, reason);
    }

    [kInspect](depth, options, inspect) {
        return shown('AbortController', this, { signal: this.signal }, depth, options, inspect);
    }
}

function shown(name, self, parts, depth, options, inspect) {
    if (depth < 0) return self;
    return `${name} ${inspect(parts, { ...options, depth: options.depth === null ? null : options.depth - 1 })}`;
}

handlerAttribute(AbortSignal.prototype, 'abort');
for (const [Class, names] of [[AbortSignal, ['aborted', 'reason', 'throwIfAborted']], [AbortController, ['signal', 'abort']]]) {
    for (const name of names) Object.defineProperty(Class.prototype, name, { enumerable: true });
    Object.defineProperty(Class.prototype, Symbol.toStringTag, { configurable: true, value: Class.name });
}

module.exports = { AbortController, AbortSignal };
