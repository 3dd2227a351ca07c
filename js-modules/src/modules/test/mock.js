'use strict';

// Functions that remember their calls, and methods replaced by such for a while.

const { invalidArgType, invalidArgValue, validateFunction } = require('internal/errors');

class MockFunctionContext {
    constructor(original, implementation, restore, times) {
        Object.assign(this, { original, implementation, undo: restore, times });
        for (const key of ['original', 'implementation', 'undo', 'times']) Object.defineProperty(this, key, { enumerable: false });
        this.calls = [];
        Object.defineProperty(this, 'once', { value: new Map() });
    }

    callCount() {
        return this.calls.length;
    }

    mockImplementation(fn) {
        validateFunction(fn, 'implementation');
        this.implementation = fn;
    }

    mockImplementationOnce(fn, onCall = this.calls.length) {
        validateFunction(fn, 'implementation');
        this.once.set(onCall, fn);
    }

    resetCalls() {
        this.calls.length = 0;
    }

    restore() {
        this.implementation = this.original;
        this.undo?.();
    }
}

function watched(original, implementation, restore, times = Infinity) {
    const context = new MockFunctionContext(original, implementation, restore, times);
    const mock = function (...args) {
        const at = context.calls.length;
        const body = context.once.get(at) ?? context.implementation;
        context.once.delete(at);
        const call = { arguments: args, error: undefined, result: undefined, stack: new Error(), target: new.target, this: this };
        try {
            call.result = new.target ? Reflect.construct(body, args, new.target) : body.apply(this, args);
            if (new.target) call.this = call.result;
            return call.result;
        } catch (error) {
            call.error = error;
            throw error;
        } finally {
            context.calls.push(call);
            if (context.calls.length === context.times) context.restore();
        }
    };
    for (const key of ['name', 'length']) {
        Object.defineProperty(mock, key, { value: implementation[key], configurable: true });
    }
    if (implementation.prototype) mock.prototype = implementation.prototype;
    Object.defineProperty(mock, 'mock', { value: context, configurable: true });
    return mock;
}

class MockTracker {
    #made = [];

    fn(original = () => {}, implementation = original, options = {}) {
        if (original !== null && typeof original === 'object') [original, implementation, options] = [() => {}, undefined, original];
        else if (implementation !== null && typeof implementation === 'object') [implementation, options] = [original, implementation];
        const mock = watched(original, implementation ?? original, undefined, options.times);
        this.#made.push(mock.mock);
        return mock;
    }

    method(object, name, implementation, options) {
        if (object === null || (typeof object !== 'object' && typeof object !== 'function')) throw invalidArgType('object', 'Object', object);
        if (implementation !== null && typeof implementation === 'object') [implementation, options] = [undefined, implementation];
        let holder = object;
        while (holder && !Object.hasOwn(holder, name)) holder = Object.getPrototypeOf(holder);
        const before = holder && Object.getOwnPropertyDescriptor(holder, name);
        const slot = options?.getter ? 'get' : options?.setter ? 'set' : 'value';
        const original = before?.[slot];
        if (typeof original !== 'function') throw invalidArgValue('methodName', original, 'must be a method');
        const restore = () => (holder === object ? Object.defineProperty(object, name, before) : delete object[name]);
        const mock = watched(original, implementation ?? original, restore, options?.times);
        Object.defineProperty(object, name, { ...before, configurable: true, [slot]: mock });
        this.#made.push(mock.mock);
        return mock;
    }

    getter(object, name, implementation, options) {
        return this.method(object, name, implementation, { ...options, getter: true });
    }

    setter(object, name, implementation, options) {
        return this.method(object, name, implementation, { ...options, setter: true });
    }

    restoreAll() {
        for (const context of this.#made) context.restore();
    }

    reset() {
        this.restoreAll();
        this.#made = [];
    }
}

exports.MockTracker = MockTracker;
