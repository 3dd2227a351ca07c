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
    const kind = native.kind(a);
    if (kind !== native.kind(b) || Array.isArray(a) !== Array.isArray(b)) return false;
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

function sameInside(a, b, kind, strict) {
    switch (kind) {
        case 'Date': return Object.is(a.getTime(), b.getTime());
        case 'RegExp': return a.source === b.source && a.flags === b.flags && a.lastIndex === b.lastIndex;
        case 'Error': return a.message === b.message && a.name === b.name;
        case 'WeakMap': case 'WeakSet': case 'Promise': return false;
        case 'Map': case 'Set': return a.size === b.size;
        case 'ArrayBuffer': return sameBytes(new Uint8Array(a), new Uint8Array(b));
        case 'DataView':
            return sameBytes(new Uint8Array(a.buffer, a.byteOffset, a.byteLength),
                new Uint8Array(b.buffer, b.byteOffset, b.byteLength));
        case 'TypedArray':
            if (a.length !== b.length) return false;
            return a.every((one, at) => (strict ? Object.is(one, b[at]) : one === b[at]));
        default:
            if (kind.startsWith('Boxed ')) return Object.is(a.valueOf(), b.valueOf());
            return !Array.isArray(a) || a.length === b.length;
    }
}

function sameBytes(a, b) {
    return a.length === b.length && a.every((byte, at) => byte === b[at]);
}

function sameContent(a, b, kind, strict, pairs) {
    if (kind !== 'TypedArray') {
        const [namesA, symbolsA] = enumerable(a);
        const [namesB, symbolsB] = enumerable(b);
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
        if (kind === 'Error' && strict && !equal(a.cause, b.cause, strict, pairs)) return false;
    }
    if (kind === 'Set') return sameSets(a, b, strict, pairs);
    if (kind === 'Map') return sameMaps(a, b, strict, pairs);
    return true;
}

function sameSets(a, b, strict, pairs) {
    const rest = [...b].filter((one) => !a.has(one));
    for (const one of a) {
        if (b.has(one)) continue;
        const at = rest.findIndex((other) => equal(one, other, strict, pairs));
        if (at < 0) return false;
        rest.splice(at, 1);
    }
    return true;
}

function sameMaps(a, b, strict, pairs) {
    const rest = [...b].filter(([key]) => !a.has(key));
    for (const [key, value] of a) {
        if (b.has(key)) {
            if (!equal(value, b.get(key), strict, pairs)) return false;
            continue;
        }
        const at = rest.findIndex(([other, otherValue]) => equal(key, other, strict, pairs)
            && equal(value, otherValue, strict, pairs));
        if (at < 0) return false;
        rest.splice(at, 1);
    }
    return true;
}

exports.isDeepStrictEqual = (a, b) => equal(a, b, true, new Map());
exports.isDeepEqual = (a, b) => equal(a, b, false, new Map());
