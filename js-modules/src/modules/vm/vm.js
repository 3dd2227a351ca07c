'use strict';

// Scripts compiled apart from their run. A context is an engine realm with a global object of its own: the sandbox's
// properties are copied into it before each run and back after it, so what a callback changes later is seen by the
// sandbox after the next run only.

const { invalidArgType, invalidArgValue, validateObject, validateString } = require('internal/errors');

const contexts = new WeakMap();

function fileOf(options, fallback = 'evalmachine.<anonymous>') {
    const given = typeof options === 'string' ? { filename: options } : options ?? {};
    if (given === null || typeof given !== 'object') throw invalidArgType('options', ['Object', 'string'], options);
    const { filename = fallback, lineOffset = 0, columnOffset = 0, timeout, displayErrors, breakOnSigint } = given;
    validateString(filename, 'options.filename');
    for (const [name, value] of [['lineOffset', lineOffset], ['columnOffset', columnOffset]]) {
        if (typeof value !== 'number') throw invalidArgType(`options.${name}`, 'number', value);
        if (!Number.isInteger(value)) throw require('internal/errors').outOfRange(`options.${name}`, 'an integer', value);
    }
    if (timeout !== undefined) {
        if (typeof timeout !== 'number') throw invalidArgType('options.timeout', 'number', timeout);
        if (!Number.isInteger(timeout)) throw require('internal/errors').outOfRange('options.timeout', 'an integer', timeout);
        if (timeout <= 0 || timeout > 0xFFFFFFFF) throw require('internal/errors').outOfRange('options.timeout', '>= 1 && <= 4294967295', timeout);
    }
    for (const [name, value] of [['displayErrors', displayErrors], ['breakOnSigint', breakOnSigint]]) {
        if (value !== undefined && typeof value !== 'boolean') throw invalidArgType(`options.${name}`, 'boolean', value);
    }
    return filename;
}

class Script {
    #source;

    #file;

    #parsed;

    constructor(code, options) {
        this.#source = `${code}`;
        this.#file = fileOf(options);
        if (options?.produceCachedData !== undefined && typeof options.produceCachedData !== 'boolean') {
            throw invalidArgType('options.produceCachedData', 'boolean', options.produceCachedData);
        }
        const data = options?.cachedData;
        if (data !== undefined && !ArrayBuffer.isView(data)) {
            throw invalidArgType('options.cachedData', ['Buffer', 'TypedArray', 'DataView'], data);
        }
        // Syntax errors are told now, as in Node.
        this.#parsed = native.parse(this.#source, this.#file);
        // There is no code cache: data of another engine is of no use.
        if (data !== undefined) this.cachedDataRejected = true;
    }

    runInThisContext(options) {
        fileOf(options);
        return native.run(this.#parsed);
    }

    runInContext(sandbox, options) {
        fileOf(options);
        return runIn(sandbox, this.#source, this.#file);
    }

    runInNewContext(sandbox, options) {
        const context = createContext(sandbox, contextOptions(options));
        return this.runInContext(context, options);
    }

    createCachedData() {
        return Buffer.alloc(0);
    }
}

function contextOptions(options) {
    if (options === null || typeof options !== 'object') return {};
    const { contextName: name, contextOrigin: origin } = options;
    if (name !== undefined) validateString(name, 'options.contextName');
    if (origin !== undefined) validateString(origin, 'options.contextOrigin');
    const generation = options.contextCodeGeneration;
    if (generation !== undefined) validateObject(generation, 'options.contextCodeGeneration');
    return { name, origin };
}

function createContext(sandbox = {}, options = {}) {
    if (isContext(sandbox)) return sandbox;
    validateObject(options, 'options');
    if (options.name !== undefined) validateString(options.name, 'options.name');
    if (options.origin !== undefined) validateString(options.origin, 'options.origin');
    const generation = options.codeGeneration;
    if (generation !== undefined) validateObject(generation, 'options.codeGeneration');
    const inside = native.makeContext();
    const global = native.global(inside);
    contexts.set(sandbox, { inside, global, own: new Set(Reflect.ownKeys(global)), copied: new Map() });
    return sandbox;
}

function isContext(object) {
    if (object === null || typeof object !== 'object') throw invalidArgType('object', 'Object', object);
    return contexts.has(object);
}

function contextOf(sandbox) {
    if (sandbox === null || typeof sandbox !== 'object' || !contexts.has(sandbox)) {
        throw invalidArgType('contextifiedObject', 'vm.Context', sandbox);
    }
    return contexts.get(sandbox);
}

function runIn(sandbox, source, file) {
    const context = contextOf(sandbox);
    enter(sandbox, context);
    try {
        const result = native.runIn(context.inside, source, file);
        return result === context.global ? sandbox : result;
    } finally {
        leave(sandbox, context);
    }
}

// The sandbox's properties become the global's; those it has lost go.
function enter(sandbox, { global, copied }) {
    const keys = new Set(Reflect.ownKeys(sandbox));
    for (const key of copied.keys()) {
        if (keys.has(key)) continue;
        // What `var` declared cannot be deleted.
        if (!Reflect.deleteProperty(global, key)) Reflect.set(global, key, undefined);
        copied.delete(key);
    }
    for (const key of keys) {
        const descriptor = Object.getOwnPropertyDescriptor(sandbox, key);
        // A getter of the sandbox keeps the sandbox as its this.
        const shown = 'value' in descriptor ? { ...descriptor, configurable: true } : {
            configurable: true,
            enumerable: descriptor.enumerable,
            get: descriptor.get && (() => Reflect.get(sandbox, key)),
            set: descriptor.set && ((value) => Reflect.set(sandbox, key, value)),
        };
        if (shown.value === sandbox) shown.value = global;
        const taken = Reflect.defineProperty(global, key, shown) || ('value' in shown && Reflect.set(global, key, shown.value));
        if (taken) copied.set(key, shown.value);
    }
}

// What the script has made, changed or deleted shows in the sandbox.
function leave(sandbox, { global, own, copied }) {
    for (const key of Reflect.ownKeys(global)) {
        const descriptor = Object.getOwnPropertyDescriptor(global, key);
        if (copied.has(key)) {
            if ('value' in descriptor && descriptor.value !== copied.get(key)) {
                Reflect.set(sandbox, key, descriptor.value);
                copied.set(key, descriptor.value);
            }
        } else if (!own.has(key)) {
            if (descriptor.value === global) descriptor.value = sandbox;
            Reflect.defineProperty(sandbox, key, { ...descriptor, configurable: true });
            copied.set(key, descriptor.value);
        }
    }
    for (const key of copied.keys()) {
        if (!Object.hasOwn(global, key)) {
            Reflect.deleteProperty(sandbox, key);
            copied.delete(key);
        }
    }
}

function compileFunction(code, params, options = {}) {
    validateString(code, 'code');
    if (params !== undefined) {
        if (!Array.isArray(params)) throw invalidArgType('params', 'Array', params);
        params.forEach((one, at) => validateString(one, `params[${at}]`));
    }
    const file = fileOf(options, '');
    if (options.contextExtensions !== undefined && !Array.isArray(options.contextExtensions)) {
        throw invalidArgType('options.contextExtensions', 'Array', options.contextExtensions);
    }
    if (options.contextExtensions?.length) throw invalidArgValue('options.contextExtensions', options.contextExtensions, 'is not supported');
    const { parsingContext } = options;
    if (parsingContext === undefined) return native.compile(code, file, (params ?? []).join(', '));
    if (parsingContext === null || typeof parsingContext !== 'object' || !contexts.has(parsingContext)) {
        throw invalidArgType('options.parsingContext', 'Context', parsingContext);
    }
    const context = contextOf(parsingContext);
    enter(parsingContext, context);
    return native.compile(code, file, (params ?? []).join(', '), context.inside);
}

module.exports = {
    Script,
    compileFunction,
    constants: Object.freeze({ __proto__: null, USE_MAIN_CONTEXT_DEFAULT_LOADER: Symbol('vm_dynamic_import_main_context_default') }),
    createContext,
    createScript: (code, options) => new Script(code, options),
    isContext,
    runInContext(code, sandbox, options) {
        validateString(code, 'code');
        contextOf(sandbox);
        return new Script(code, options).runInContext(sandbox, options);
    },
    runInNewContext(code, sandbox, options) {
        validateString(code, 'code');
        return new Script(code, options).runInNewContext(sandbox, typeof options === 'string' ? { filename: options } : options);
    },
    runInThisContext(code, options) {
        return new Script(code, options).runInThisContext(options);
    },
};
