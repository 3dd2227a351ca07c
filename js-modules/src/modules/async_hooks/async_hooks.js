'use strict';

// AsyncLocalStorage and AsyncResource. A frame is an immutable list of (storage, value) that follows callbacks of
// promises, timers and ticks; there are no hooks for the life of single resources.

const frame = require('internal/frame');
const { make, validateFunction, validateString } = require('internal/errors');

let ids = 1;
let running = { id: 1, trigger: 0, resource: undefined };
const main = {};

function within(wanted, fn, self, args) {
    const before = frame.swap(wanted);
    try {
        return fn.apply(self, args);
    } finally {
        frame.swap(before);
    }
}

function lookup(storage) {
    for (let at = frame.get(); at !== undefined; at = at.outer) {
        if (at.storage === storage) return at;
    }
    return undefined;
}

class AsyncLocalStorage {
    #on = true;

    static bind(fn) {
        return AsyncResource.bind(fn);
    }

    static snapshot() {
        const kept = frame.get();
        return (fn, ...args) => within(kept, fn, undefined, args);
    }

    run(store, fn, ...args) {
        // Nothing to do for the store that is there already.
        if (this.#on && Object.is(store, this.getStore()) && lookup(this)) return fn.apply(null, args);
        this.#on = true;
        return within({ storage: this, store, outer: frame.get() }, fn, null, args);
    }

    exit(fn, ...args) {
        return within({ storage: this, store: undefined, outer: frame.get() }, fn, null, args);
    }

    enterWith(store) {
        this.#on = true;
        frame.swap({ storage: this, store, outer: frame.get() });
    }

    getStore() {
        return this.#on ? lookup(this)?.store : undefined;
    }

    disable() {
        this.#on = false;
        if (lookup(this)) frame.swap({ storage: this, store: undefined, outer: frame.get() });
    }
}

class AsyncResource {
    #frame = frame.get();

    #id = ++ids;

    #trigger;

    constructor(type, options = {}) {
        validateString(type, 'type');
        const trigger = typeof options === 'number' ? options : options.triggerAsyncId ?? running.id;
        if (!Number.isSafeInteger(trigger) || trigger < -1) {
            throw make(RangeError, 'ERR_INVALID_ASYNC_ID', `Invalid triggerAsyncId value: ${require('util').inspect(trigger)}`);
        }
        if (type.length === 0) throw make(TypeError, 'ERR_ASYNC_TYPE', `Invalid name for async "type": ${type}`);
        this.#trigger = trigger;
    }

    runInAsyncScope(fn, thisArg, ...args) {
        const before = running;
        running = { id: this.#id, trigger: this.#trigger, resource: this };
        try {
            return within(this.#frame, fn, thisArg, args);
        } finally {
            running = before;
        }
    }

    emitDestroy() {
        return this;
    }

    asyncId() {
        return this.#id;
    }

    triggerAsyncId() {
        return this.#trigger;
    }

    bind(fn, thisArg) {
        validateFunction(fn, 'fn');
        const resource = this;
        const bound = thisArg === undefined
            ? function (...args) {
                return resource.runInAsyncScope(fn, this, ...args);
            }
            : (...args) => resource.runInAsyncScope(fn, thisArg, ...args);
        return Object.defineProperties(bound, {
            length: { value: fn.length, configurable: true },
            asyncResource: { value: this, configurable: true, enumerable: true, writable: true },
        });
    }

    static bind(fn, type, thisArg) {
        validateFunction(fn, 'fn');
        return new AsyncResource(type || fn.name || 'bound-anonymous-fn').bind(fn, thisArg);
    }
}

// Hooks are accepted and checked, and never called: this host does not count its resources.
function createHook(hooks) {
    for (const name of ['init', 'before', 'after', 'destroy', 'promiseResolve']) {
        const hook = hooks[name];
        if (hook !== undefined && typeof hook !== 'function') {
            throw make(TypeError, 'ERR_ASYNC_CALLBACK', `hook.${name} must be a function`);
        }
    }
    return {
        enable() {
            return this;
        },
        disable() {
            return this;
        },
    };
}

exports.AsyncLocalStorage = AsyncLocalStorage;
exports.AsyncResource = AsyncResource;
exports.asyncWrapProviders = Object.freeze({ __proto__: null });
exports.createHook = createHook;
exports.executionAsyncId = () => running.id;
exports.executionAsyncResource = () => running.resource ?? main;
exports.triggerAsyncId = () => running.trigger;
