'use strict';

// assert.CallTracker: functions that must be called a number of times.

const { invalidArgType, invalidArgValue, make, outOfRange } = require('internal/errors');

const noop = () => {};

class Tracked {
    #calls = [];

    constructor(fn, name, expected) {
        this.fn = fn;
        this.name = name;
        this.expected = expected;
        this.error = new Error();
    }

    track(thisArg, args) {
        this.#calls.push(Object.freeze({ thisArg, arguments: Object.freeze(Array.prototype.slice.call(args)) }));
    }

    get calls() {
        return Object.freeze(Array.prototype.slice.call(this.#calls));
    }

    reset() {
        this.#calls = [];
    }

    report() {
        const actual = this.#calls.length;
        if (actual === this.expected) return undefined;
        return {
            message: `Expected the ${this.name} function to be executed ${this.expected} time(s) but was executed ${actual} time(s).`,
            actual,
            expected: this.expected,
            operator: this.name,
            stack: this.error,
        };
    }
}

class CallTracker {
    #tracked = new Map();

    #of(fn) {
        const found = this.#tracked.get(fn);
        if (found === undefined) throw invalidArgValue('tracked', fn, 'is not a tracked function');
        return found;
    }

    calls(fn, expected = 1) {
        if (process._exiting) {
            throw make(Error, 'ERR_UNAVAILABLE_DURING_EXIT', 'Cannot call function in process exit handler');
        }
        // No destructuring: a test may have broken the iterators of arrays.
        if (typeof fn === 'number') {
            expected = fn;
            fn = noop;
        }
        else if (fn === undefined) fn = noop;
        if (typeof expected !== 'number') throw invalidArgType('expected', 'number', expected);
        if (!Number.isInteger(expected)) throw outOfRange('expected', 'an integer', expected);
        if (expected < 1 || expected > 0xFFFFFFFF) throw outOfRange('expected', '>= 1 && <= 4294967295', expected);
        const one = new Tracked(fn, fn.name || 'calls', expected);
        // A proxy keeps whatever properties the function has.
        const proxy = new Proxy(fn, {
            __proto__: null,
            apply(target, thisArg, args) {
                one.track(thisArg, args);
                return Reflect.apply(target, thisArg, args);
            },
        });
        this.#tracked.set(proxy, one);
        return proxy;
    }

    getCalls(fn) {
        return this.#of(fn).calls;
    }

    reset(fn) {
        if (fn !== undefined) this.#of(fn).reset();
        else for (const one of this.#tracked.values()) one.reset();
    }

    report() {
        return [...this.#tracked.values()].map((one) => one.report()).filter((one) => one !== undefined);
    }

    verify() {
        const wrong = this.report();
        if (wrong.length === 0) return;
        const { AssertionError } = require('assert');
        const message = wrong.length === 1 ? wrong[0].message : 'Functions were not called the expected number of times';
        throw new AssertionError({ message, details: wrong });
    }
}

exports.CallTracker = CallTracker;
