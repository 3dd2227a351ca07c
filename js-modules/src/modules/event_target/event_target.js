'use strict';

// Event, CustomEvent and EventTarget of the DOM standard, as far as there is no tree of nodes.

const { make, invalidArgType, validateObject } = require('internal/errors');

const kInspect = Symbol.for('nodejs.util.inspect.custom');
const kTrust = Symbol('trusted');
const kAdded = Symbol('a listener was added');
const kRemoved = Symbol('a listener was removed');
const kLimit = Symbol('events.maxEventTargetListeners');

function missing(name) {
    return make(TypeError, 'ERR_MISSING_ARGS', `The "${name}" argument must be specified`);
}

function wrongThis(type) {
    return make(TypeError, 'ERR_INVALID_THIS', `Value of "this" must be of type ${type}`);
}

let insideOf;
let isEvent;

class Event {
    #state;

    static {
        insideOf = (event) => event.#state;
        isEvent = (value) => value !== null && typeof value === 'object' && #state in value;
    }

    constructor(type, options = undefined) {
        if (arguments.length === 0) throw missing('type');
        if (options !== undefined && options !== null) validateObject(options, 'options');
        this.#state = {
            type: `${type}`,
            bubbles: Boolean(options?.bubbles),
            cancelable: Boolean(options?.cancelable),
            composed: Boolean(options?.composed),
            time: require('perf_hooks').performance.now(),
            target: null,
            current: null,
            dispatching: false,
            prevented: false,
            stopped: false,
            stoppedAtOnce: false,
        };
        // An own property that cannot be replaced, as in browsers.
        const trusted = options?.[kTrust] === true;
        Object.defineProperty(this, 'isTrusted', { get: trusted ? isTrusted : isUntrusted, enumerable: true, configurable: false });
    }

    get type() {
        return state(this).type;
    }

    get target() {
        return state(this).target;
    }

    get currentTarget() {
        return state(this).current;
    }

    get srcElement() {
        return state(this).target;
    }

    get bubbles() {
        return state(this).bubbles;
    }

    get cancelable() {
        return state(this).cancelable;
    }

    get composed() {
        return state(this).composed;
    }

    get timeStamp() {
        return state(this).time;
    }

    get eventPhase() {
        return state(this).dispatching ? Event.AT_TARGET : Event.NONE;
    }

    get defaultPrevented() {
        const inside = state(this);
        return inside.cancelable && inside.prevented;
    }

    get returnValue() {
        return !this.defaultPrevented;
    }

    get cancelBubble() {
        return state(this).stopped;
    }

    set cancelBubble(value) {
        if (value) state(this).stopped = true;
        else state(this);
    }

    composedPath() {
        const inside = state(this);
        return inside.dispatching ? [inside.current] : [];
    }

    preventDefault() {
        state(this).prevented = true;
    }

    stopPropagation() {
        state(this).stopped = true;
    }

    stopImmediatePropagation() {
        const inside = state(this);
        inside.stopped = true;
        inside.stoppedAtOnce = true;
    }

    initEvent(type, bubbles = false, cancelable = false) {
        const inside = state(this);
        if (arguments.length === 0) throw missing('type');
        if (inside.dispatching) return;
        Object.assign(inside, { type: `${type}`, bubbles: Boolean(bubbles), cancelable: Boolean(cancelable), prevented: false });
    }

    [kInspect](depth, options, inspect) {
        const name = this.constructor.name;
        if (depth < 0) return name;
        const shown = { type: this.type, defaultPrevented: this.defaultPrevented, cancelable: this.cancelable, timeStamp: this.timeStamp };
        return `${name} ${inspect(shown, { ...options, depth: Number.isInteger(options.depth) ? options.depth - 1 : options.depth })}`;
    }
}

function state(event) {
    if (!isEvent(event)) throw wrongThis('Event');
    return insideOf(event);
}

const { isTrusted } = { isTrusted() { return state(this) !== undefined; } };
const isUntrusted = () => false;

class CustomEvent extends Event {
    #detail;

    constructor(type, options = undefined) {
        if (arguments.length === 0) throw missing('type');
        super(type, options);
        this.#detail = options?.detail ?? null;
    }

    get detail() {
        if (!(#detail in this)) throw wrongThis('CustomEvent');
        return this.#detail;
    }
}

let tableOf;

class EventTarget {
    // Type -> listeners in order.
    #table = new Map();
    [kLimit] = undefined;

    static {
        tableOf = (target) => {
            if (target === null || typeof target !== 'object' || !(#table in target)) throw wrongThis('EventTarget');
            return target.#table;
        };
    }

    constructor() {
        Object.defineProperty(this, kLimit, { value: undefined, writable: true, enumerable: false });
    }

    addEventListener(type, listener, options = undefined) {
        const table = tableOf(this);
        if (arguments.length < 2) throw missing(arguments.length === 0 ? 'type' : 'listener');
        const wanted = read(options);
        if (!usable(listener)) {
            const warning = new Error(`addEventListener called with ${listener} which has no effect.`);
            warning.name = 'AddEventListenerArgumentTypeWarning';
            Object.assign(warning, { target: this, type });
            process.emitWarning(warning);
            return;
        }
        const name = `${type}`;
        if (wanted.signal?.aborted) return;
        let all = table.get(name);
        if (all === undefined) table.set(name, all = []);
        if (all.some((one) => one.callback === listener && one.capture === wanted.capture)) return;
        const entry = { callback: listener, ...wanted, removed: false };
        all.push(entry);
        if (wanted.signal) {
            wanted.signal.addEventListener('abort', () => this.removeEventListener(name, listener, wanted), { once: true });
        }
        const limit = this[kLimit] ?? require('events').defaultMaxListeners;
        if (limit > 0 && all.length > limit && !all.warned) {
            all.warned = true;
            warnAboutLeak(this, name, all.length, limit);
        }
        this[kAdded]?.(name, all.length);
    }

    removeEventListener(type, listener, options = undefined) {
        const table = tableOf(this);
        if (arguments.length < 2) throw missing(arguments.length === 0 ? 'type' : 'listener');
        if (!usable(listener)) return;
        const capture = typeof options === 'boolean' ? options : Boolean(options?.capture);
        const all = table.get(`${type}`);
        const at = all?.findIndex((one) => one.callback === listener && one.capture === capture) ?? -1;
        if (at >= 0) remove(this, `${type}`, all, at);
    }

    dispatchEvent(event) {
        tableOf(this);
        if (arguments.length < 1) throw missing('event');
        if (!isEvent(event)) throw invalidArgType('event', 'Event', event);
        const inside = insideOf(event);
        if (inside.dispatching) {
            throw make(Error, 'ERR_EVENT_RECURSION', `The event "${event.type}" is already being dispatched`);
        }
        dispatch(this, event, inside);
        return !event.defaultPrevented;
    }

    [kInspect](depth, options, inspect) {
        const name = this.constructor.name;
        if (depth < 0) return name;
        return `${name} ${inspect({}, options)}`;
    }
}

function read(options) {
    if (typeof options === 'boolean') return { once: false, capture: options, signal: undefined };
    if (options === undefined || options === null) return { once: false, capture: false, signal: undefined };
    if (typeof options !== 'object' && typeof options !== 'function') throw invalidArgType('options', 'Object', options);
    const { signal } = options;
    if (signal !== undefined && (signal === null || typeof signal !== 'object' || !('aborted' in signal))) {
        throw invalidArgType('options.signal', 'AbortSignal', signal);
    }
    return { once: Boolean(options.once), capture: Boolean(options.capture), signal };
}

function usable(listener) {
    if (listener === null || listener === undefined) return false;
    if (typeof listener === 'function' || typeof listener === 'object') return true;
    throw invalidArgType('listener', 'EventListener', listener);
}

function remove(target, type, all, at) {
    all[at].removed = true;
    // A new list: the old one may be running.
    const left = all.filter((_, index) => index !== at);
    left.warned = all.warned;
    if (left.length === 0) tableOf(target).delete(type);
    else tableOf(target).set(type, left);
    target[kRemoved]?.(type, left.length);
}

function warnAboutLeak(target, type, count, limit) {
    const warning = new Error(`Possible EventTarget memory leak detected. ${count} ${type} listeners added to `
        + `${require('util').inspect(target, { depth: -1 })}. MaxListeners is ${limit}. Use events.setMaxListeners() to increase limit`);
    warning.name = 'MaxListenersExceededWarning';
    Object.assign(warning, { target, type, count });
    process.emitWarning(warning);
}

function dispatch(target, event, inside) {
    Object.assign(inside, { target, current: target, dispatching: true });
    // A copy: listeners added meanwhile wait for the next event.
    for (const entry of [...tableOf(target).get(inside.type) ?? []]) {
        if (entry.removed) continue;
        if (inside.stoppedAtOnce) break;
        if (entry.once) {
            const all = tableOf(target).get(inside.type) ?? [];
            const at = all.indexOf(entry);
            if (at >= 0) remove(target, inside.type, all, at);
        }
        try {
            const { callback } = entry;
            const result = typeof callback === 'function' ? callback.call(target, event)
                : typeof callback.handleEvent === 'function' ? callback.handleEvent(event) : undefined;
            if (typeof result?.then === 'function') result.then(undefined, throwLater);
        } catch (error) {
            throwLater(error);
        }
    }
    Object.assign(inside, { current: null, dispatching: false, stopped: false, stoppedAtOnce: false });
}

// Errors of listeners do not stop the others; they are uncaught exceptions.
function throwLater(error) {
    process.nextTick(() => { throw error; });
}

// `target.onNAME = listener`.
function handlerAttribute(prototype, type) {
    const handlers = new WeakMap();
    Object.defineProperty(prototype, `on${type}`, {
        configurable: true,
        enumerable: true,
        get() {
            tableOf(this);
            return handlers.get(this)?.callback ?? null;
        },
        set(value) {
            tableOf(this);
            const callback = typeof value === 'function' || (typeof value === 'object' && value !== null) ? value : null;
            let handler = handlers.get(this);
            if (handler === undefined && callback !== null) {
                const made = { callback, listener: null };
                made.listener = (event) => (typeof made.callback === 'function' ? made.callback.call(this, event) : undefined);
                handlers.set(this, handler = made);
                this.addEventListener(type, handler.listener);
            } else if (handler !== undefined) {
                handler.callback = callback;
                if (callback === null) {
                    this.removeEventListener(type, handler.listener);
                    handlers.delete(this);
                }
            }
        },
    });
}

function expose(Class, names) {
    for (const name of names) Object.defineProperty(Class.prototype, name, { enumerable: true });
    Object.defineProperty(Class.prototype, Symbol.toStringTag, { configurable: true, value: Class.name });
}

expose(Event, ['composedPath', 'stopPropagation', 'stopImmediatePropagation', 'preventDefault', 'initEvent', 'type', 'target',
    'currentTarget', 'srcElement', 'bubbles', 'cancelable', 'composed', 'timeStamp', 'eventPhase', 'defaultPrevented',
    'returnValue', 'cancelBubble']);
for (const [name, value] of [['NONE', 0], ['CAPTURING_PHASE', 1], ['AT_TARGET', 2], ['BUBBLING_PHASE', 3]]) {
    Object.defineProperty(Event, name, { value, enumerable: true });
    Object.defineProperty(Event.prototype, name, { value, enumerable: true });
}
expose(CustomEvent, ['detail']);
expose(EventTarget, ['addEventListener', 'removeEventListener', 'dispatchEvent']);

module.exports = {
    CustomEvent,
    Event,
    EventTarget,
    handlerAttribute,
    isEventTarget: (value) => value instanceof EventTarget,
    kAdded,
    kLimit,
    kRemoved,
    kTrust,
    listenersOf: (target, type) => (tableOf(target).get(`${type}`) ?? []).map((one) => one.callback),
};
