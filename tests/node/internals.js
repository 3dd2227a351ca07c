'use strict';

// What the tests with `--expose-internals` ask for, as far as the host has the same thing under a public name.
// A test that needs more is skipped, with the name of what is missing.

const Module = require('module');
const util = require('util');
const { AbortSignal, Event, EventTarget } = globalThis;

const numbers = () => {
    const uv = { errname: util.getSystemErrorName };
    for (const [number, [name]] of util.getSystemErrorMap()) uv[`UV_${name}`] = number;
    return uv;
};

const bindings = {
    uv: numbers,
    timers: () => ({ getLibuvNow: () => Math.floor(performance.now()) }),
};

const modules = {
    'internal/test/binding': () => ({
        internalBinding(name) {
            if (!Object.hasOwn(bindings, name)) skip(`internalBinding ${name}`);
            return bindings[name]();
        },
    }),
    'internal/util': () => ({
        kEmptyObject: Object.freeze({ __proto__: null }),
        promisify: util.promisify,
        customInspectSymbol: util.inspect.custom,
        get customPromisifyArgs() {
            return skip('customPromisifyArgs');
        },
        get sleep() {
            return skip('sleep');
        },
    }),
    'internal/event_target': () => ({ NodeEventTarget: EventTarget, Event, EventTarget, AbortSignal }),
    'internal/errors': () => ({
        AbortError: class AbortError extends Error {
            constructor(message = 'The operation was aborted', options = undefined) {
                super(message, options);
                this.code = 'ABORT_ERR';
                this.name = 'AbortError';
            }
        },
    }),
};

function skip(what) {
    console.log(`1..0 # Skipped: needs ${what} of Node`);
    process.exit(0);
}

const load = Module._load;
Module._load = function loadInternal(request, ...rest) {
    if (!/^internal\//.test(request)) return load.call(this, request, ...rest);
    if (!Object.hasOwn(modules, request)) return skip(request);
    return modules[request]();
};
