'use strict';

// Deep equality, strict and loose, as assert.deepStrictEqual and assert.deepEqual define it.

function same(a, b, strict) {
    if (strict) return Object.is(a, b);
    // eslint-disable-next-line eqeqeq
    return a == b || (a !== a && b !== b);
}

function enumerable(value) {
    const symbols = Object.getOwnPropertySymbols(value)
        .filter((one) => Object.prototype.propertyIsEnumerable.call(value, one));
    return [Object.keys(value), symbols];
}

// What a value is by its inside. A proxy is what it lets be asked.
function kindOf(value) {
    const kind = native.kind(value);
    if (kind !== 'Proxy') return kind;
    return Array.isArray(value) ? 'Array' : '';
}

function equal(a, b, strict, pairs) {
    if (a === b) return a !== 0 || !strict || Object.is(a, b);
    const objects = a !== null && b !== null && typeof a === 'object' && typeof b === 'object';
    if (!objects) {
        if (strict) return Object.is(a, b);
        if (a === null || typeof a !== 'object') {
            return (b === null || typeof b !== 'object') && same(a, b, false);
        }
        return false;
    }
    if (strict && Object.getPrototypeOf(a) !== Object.getPrototypeOf(b)) return false;
    const kind = kindOf(a);
    if (kind !== kindOf(b) || Array.isArray(a) !== Array.isArray(b)) return false;
    if (Object.prototype.toString.call(a) !== Object.prototype.toString.call(b)) return false;
    if (!sameInside(a, b, kind, strict)) return false;
    const known = pairs.get(a);
    if (known?.has(b)) return true;
    if (known) known.add(b);
    else pairs.set(a, new Set([b]));
    const result = sameContent(a, b, kind, strict, pairs);
    pairs.get(a).delete(b);
    return result;
}

const { getTime } = Date.prototype;
const boxes = {
    __proto__: null,
    'Boxed String': String.prototype.valueOf,
    'Boxed Number': Number.prototype.valueOf,
    'Boxed Boolean': Boolean.prototype.valueOf,
    'Boxed BigInt': BigInt.prototype.valueOf,
    'Boxed Symbol': Symbol.prototype.valueOf,
};
const unboxed = (value, kind) => boxes[kind].call(value);

function sameInside(a, b, kind, strict) {
    switch (kind) {
        case 'Date': return Object.is(getTime.call(a), getTime.call(b));
        case 'RegExp': return a.source === b.source && a.flags === b.flags && a.lastIndex === b.lastIndex;
        case 'WeakMap': case 'WeakSet': case 'Promise': return false;
        case 'Map': case 'Set': return a.size === b.size;
        case 'ArrayBuffer': case 'SharedArrayBuffer': return sameBytes(new Uint8Array(a), new Uint8Array(b));
        case 'DataView':
            return sameBytes(new Uint8Array(a.buffer, a.byteOffset, a.byteLength),
                new Uint8Array(b.buffer, b.byteOffset, b.byteLength));
        case 'TypedArray': return sameElements(a, b, strict);
        default:
            if (kind.startsWith('Boxed ')) return Object.is(unboxed(a, kind), unboxed(b, kind));
            if (a instanceof Error || kind === 'Error') return b instanceof Error === a instanceof Error && a.message === b.message && a.name === b.name;
            if (/KeyObject$/.test(a.constructor?.name) && typeof a.equals === 'function') return a.equals(b);
            return !Array.isArray(a) || a.length === b.length;
    }
}

function sameBytes(a, b) {
    if (a.length !== b.length) return false;
    if (native.kind(a.buffer) === 'ArrayBuffer' && native.kind(b.buffer) === 'ArrayBuffer') return Buffer.compare(a, b) === 0;
    return a.every((byte, at) => byte === b[at]);
}

function sameElements(a, b, strict) {
    const name = native.typedName(a);
    if (a.length !== b.length || name !== native.typedName(b)) return false;
    const floats = name.startsWith('Float');
    if (floats && !strict) return a.every((one, at) => one === b[at]);
    return sameBytes(new Uint8Array(a.buffer, a.byteOffset, a.byteLength), new Uint8Array(b.buffer, b.byteOffset, b.byteLength));
}

// The properties beside the elements.
function properties(value, kind) {
    if (kind !== 'TypedArray') return enumerable(value);
    const keys = native.extraKeys(value).filter((one) => Object.prototype.propertyIsEnumerable.call(value, one));
    return [keys.filter((one) => typeof one === 'string'), keys.filter((one) => typeof one === 'symbol')];
}

function sameContent(a, b, kind, strict, pairs) {
    const [namesA, symbolsA] = properties(a, kind);
    const [namesB, symbolsB] = properties(b, kind);
    if (namesA.length !== namesB.length) return false;
    for (const key of namesA) {
        if (!Object.prototype.propertyIsEnumerable.call(b, key)) return false;
    }
    if (strict) {
        if (symbolsA.length !== symbolsB.length || symbolsA.some((one) => !symbolsB.includes(one))) return false;
    }
    for (const key of strict ? [...namesA, ...symbolsA] : namesA) {
        if (!equal(a[key], b[key], strict, pairs)) return false;
    }
    if (a instanceof Error && b instanceof Error) {
        for (const key of ['cause', 'errors']) {
            if (Object.hasOwn(a, key) !== Object.hasOwn(b, key) || !equal(a[key], b[key], strict, pairs)) return false;
        }
    }
    if (kind === 'Set') return sameSets(a, b, strict, pairs);
    if (kind === 'Map') return sameMaps(a, b, strict, pairs);
    return true;
}

// Each of `some` takes one of `others` with it.
function paired(some, others, fits) {
    if (some.length !== others.length) return false;
    for (const one of some) {
        const at = others.findIndex((other) => fits(one, other));
        if (at < 0) return false;
        others.splice(at, 1);
    }
    return true;
}

const primitive = (value) => value === null || typeof value !== 'object';

function sameSets(a, b, strict, pairs) {
    const restA = [...a].filter((one) => !b.has(one));
    if (strict && restA.some(primitive)) return false;
    return paired(restA, [...b].filter((one) => !a.has(one)), (one, other) => equal(one, other, strict, pairs));
}

function sameMaps(a, b, strict, pairs) {
    // An equal key that is the same key settles its entry, unless the loose comparison finds another one for it.
    const settled = (key) => a.has(key) && b.has(key) && equal(a.get(key), b.get(key), strict, pairs);
    const restA = [...a].filter(([key]) => !settled(key));
    if (strict && restA.some(([key]) => primitive(key))) return false;
    const restB = [...b].filter(([key]) => !settled(key));
    return paired(restA, restB, (one, other) => equal(one[0], other[0], strict, pairs) && equal(one[1], other[1], strict, pairs));
}

exports.isDeepStrictEqual = (a, b) => equal(a, b, true, new Map());
exports.isDeepEqual = (a, b) => equal(a, b, false, new Map());
