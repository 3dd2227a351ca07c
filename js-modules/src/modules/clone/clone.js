'use strict';

// structuredClone: HTML standard 2.7. No call is nested per level, so depth costs memory only.

const { make } = require('internal/errors');
const { types } = require('util');

const ERRORS = { __proto__: null, Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError };
const TYPED = { __proto__: null };
for (const Class of [Int8Array, Uint8Array, Uint8ClampedArray, Int16Array, Uint16Array, Int32Array, Uint32Array, Float32Array,
    Float64Array, BigInt64Array, BigUint64Array]) TYPED[Class.name] = Class;

function refused(message) {
    return new (require('internal/dom_exception'))(message, 'DataCloneError');
}

function cannot(value) {
    if (typeof value === 'function' || typeof value === 'symbol') return refused(`${String(value)} could not be cloned.`);
    return refused(`#<${types.isProxy(value) ? 'Object' : value.constructor?.name ?? 'Object'}> could not be cloned.`);
}

const detached = native.isDetached;

function structuredClone(value, options = undefined) {
    if (arguments.length === 0) throw make(TypeError, 'ERR_MISSING_ARGS', 'The value argument must be specified');
    // Original -> copy.
    const memory = new Map();
    const moved = transferList(options);
    // Memory of a transferred buffer moves once nothing can fail any more; until then its copy is empty.
    for (const buffer of moved) memory.set(buffer, emptyLike(buffer));
    const frames = [];
    const result = begin(value, memory, frames);
    while (frames.length > 0) {
        // A step that finds nothing left has pushed nothing, so the last frame is the one that is done.
        if (!frames[frames.length - 1](memory, frames)) frames.pop();
    }
    for (const buffer of moved) {
        new Uint8Array(memory.get(buffer)).set(new Uint8Array(buffer));
        native.detach(buffer);
    }
    return result;
}

function transferList(options) {
    if (options === undefined || options === null) return [];
    if (typeof options !== 'object' && typeof options !== 'function') {
        throw make(TypeError, 'ERR_INVALID_ARG_TYPE', 'The "options" argument must be of type object.');
    }
    const { transfer } = options;
    if (transfer === undefined) return [];
    const all = [...transfer];
    all.forEach((one, at) => {
        if (!types.isArrayBuffer(one)) {
            throw make(TypeError, 'ERR_INVALID_TRANSFER_OBJECT', 'Found invalid object in transferList');
        }
        if (all.indexOf(one) !== at) throw refused('Transfer list contains duplicate ArrayBuffer');
    });
    // One that was moved already has nothing left to move.
    return all.filter((one) => !detached(one));
}

function emptyLike(buffer) {
    return buffer.resizable ? new ArrayBuffer(buffer.byteLength, { maxByteLength: buffer.maxByteLength })
        : new ArrayBuffer(buffer.byteLength);
}

// The copy of a value; what is inside of it is left to frames.
function begin(value, memory, frames) {
    if (typeof value === 'symbol' || typeof value === 'function') throw cannot(value);
    if (value === null || typeof value !== 'object') return value;
    const known = memory.get(value);
    if (known !== undefined) return known;
    const copy = shell(value, memory, frames);
    memory.set(value, copy);
    return copy;
}

function shell(value, memory, frames) {
    const kind = native.kind(value);
    switch (kind) {
        case '':
            if (value instanceof WeakRef || value instanceof FinalizationRegistry) throw cannot(value);
            return properties(value, {}, frames);
        case 'Array': {
            const copy = [];
            copy.length = value.length;
            return properties(value, copy, frames);
        }
        case 'Boxed Boolean': return Object(Boolean.prototype.valueOf.call(value));
        case 'Boxed Number': return Object(Number.prototype.valueOf.call(value));
        case 'Boxed String': return Object(String.prototype.valueOf.call(value));
        case 'Boxed BigInt': return Object(BigInt.prototype.valueOf.call(value));
        case 'Boxed Symbol': throw refused('[object Symbol] could not be cloned.');
        case 'Date': return new Date(Date.prototype.getTime.call(value));
        case 'RegExp': return new RegExp(value.source, value.flags);
        case 'Error': return error(value, frames);
        case 'Map': return map(value, frames);
        case 'Set': return set(value, frames);
        case 'SharedArrayBuffer': return value;
        case 'ArrayBuffer': {
            if (detached(value)) throw refused('An ArrayBuffer is detached and could not be cloned.');
            const copy = emptyLike(value);
            new Uint8Array(copy).set(new Uint8Array(value));
            return copy;
        }
        case 'TypedArray': return view(value, TYPED[native.typedName(value)], value.length, memory, frames);
        case 'DataView': return view(value, DataView, value.byteLength, memory, frames);
        default: throw cannot(value);
    }
}

function view(value, Class, length, memory, frames) {
    if (types.isArrayBuffer(value.buffer) && detached(value.buffer)) {
        throw refused('An ArrayBuffer is detached and could not be cloned.');
    }
    const buffer = begin(value.buffer, memory, frames);
    return new Class(buffer, value.byteOffset, length);
}

function properties(value, copy, frames) {
    const keys = Object.keys(value);
    let at = 0;
    frames.push((memory, all) => {
        if (at >= keys.length) return false;
        const key = keys[at++];
        // A getter may have removed it meanwhile.
        if (!Object.hasOwn(value, key)) return true;
        define(copy, key, begin(value[key], memory, all));
        return true;
    });
    return copy;
}

function define(object, key, value) {
    if (key === '__proto__') Object.defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true });
    else object[key] = value;
}

function map(value, frames) {
    const copy = new Map();
    const entries = [];
    Map.prototype.forEach.call(value, (one, key) => entries.push(key, one));
    let at = 0;
    let key;
    frames.push((memory, all) => {
        if (at >= entries.length) return false;
        const one = begin(entries[at], memory, all);
        if (at++ % 2 === 0) key = one;
        else copy.set(key, one);
        return true;
    });
    return copy;
}

function set(value, frames) {
    const copy = new Set();
    const entries = [];
    Set.prototype.forEach.call(value, (one) => entries.push(one));
    let at = 0;
    frames.push((memory, all) => {
        if (at >= entries.length) return false;
        copy.add(begin(entries[at++], memory, all));
        return true;
    });
    return copy;
}

function error(value, frames) {
    // Ours look like errors to the engine, but their state is elsewhere.
    if (value instanceof require('internal/dom_exception')) return {};
    const Class = ERRORS[value.name] ?? Error;
    const made = new Class();
    const message = Object.getOwnPropertyDescriptor(value, 'message');
    const hidden = (name, one) => Object.defineProperty(made, name, { value: one, writable: true, configurable: true, enumerable: false });
    if (message !== undefined && 'value' in message) hidden('message', `${message.value}`);
    if (typeof value.stack === 'string') hidden('stack', value.stack);
    if (Object.hasOwn(value, 'cause')) {
        hidden('cause', undefined);
        let at = 0;
        frames.push((known, all) => {
            if (at++ > 0) return false;
            hidden('cause', begin(value.cause, known, all));
            return true;
        });
    }
    return made;
}

module.exports = structuredClone;
