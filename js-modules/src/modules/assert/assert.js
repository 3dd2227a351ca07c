'use strict';

const { inspect } = require('util');
const { isDeepEqual, isDeepStrictEqual } = require('internal/equal');
const { make, invalidArgType, invalidArgValue, validateFunction } = require('internal/errors');

const HEADLINES = {
    deepStrictEqual: 'Expected values to be strictly deep-equal:',
    strictEqual: 'Expected values to be strictly equal:',
    deepEqual: 'Expected values to be loosely deep-equal:',
    notDeepStrictEqual: 'Expected "actual" not to be strictly deep-equal to:',
    notStrictEqual: 'Expected "actual" to be strictly unequal to:',
    notDeepEqual: 'Expected "actual" not to be loosely deep-equal to:',
};

class AssertionError extends Error {
    constructor(options) {
        if (options === null || typeof options !== 'object') throw invalidArgType('options', 'Object', options);
        const { message, operator, actual, expected } = options;
        super(message === undefined ? describe(actual, expected, operator) : String(message));
        this.generatedMessage = message === undefined;
        this.code = 'ERR_ASSERTION';
        this.actual = actual;
        this.expected = expected;
        this.operator = operator;
        if (options.details) this.details = options.details;
        // Without a prototype: tests of the worst kind put accessors on Object.prototype.
        Object.defineProperty(this, 'name', { __proto__: null, value: 'AssertionError', enumerable: false, writable: true, configurable: true });
    }

    toString() {
        return `${this.name} [${this.code}]: ${this.message}`;
    }
}

function show(value) {
    return inspect(value, { compact: false, depth: 1000, maxArrayLength: Infinity, breakLength: Infinity, sorted: true, getters: true });
}

function describe(actual, expected, operator) {
    const headline = HEADLINES[operator];
    if (headline === undefined) return `${inspect(actual)} ${operator} ${inspect(expected)}`;
    const [a, b] = [show(actual), show(expected)];
    if (operator.startsWith('not')) return a.includes('\n') ? `${headline}\n\n${a}` : `${headline} ${a}`;
    if (!a.includes('\n') && !b.includes('\n')) return `${headline}\n\n${a} !== ${b}\n`;
    return `${headline}\n+ actual - expected\n\n${difference(a.split('\n'), b.split('\n')).join('\n')}`;
}

// Lines that differ, with two lines around them. Not the shortest difference, but never a wrong one.
function difference(a, b) {
    let head = 0;
    while (head < a.length && head < b.length && a[head] === b[head]) head++;
    let tail = 0;
    while (tail < a.length - head && tail < b.length - head && a[a.length - 1 - tail] === b[b.length - 1 - tail]) tail++;
    const out = [];
    if (head > 2) out.push('...');
    for (const line of a.slice(Math.max(0, head - 2), head)) out.push(`  ${line}`);
    for (const line of a.slice(head, a.length - tail)) out.push(`+ ${line}`);
    for (const line of b.slice(head, b.length - tail)) out.push(`- ${line}`);
    for (const line of a.slice(a.length - tail, a.length - tail + 2)) out.push(`  ${line}`);
    if (tail > 2) out.push('...');
    return out;
}

function fail(options, message) {
    if (message instanceof Error) throw message;
    throw new AssertionError({ ...options, message });
}

function ok(value, ...rest) {
    if (value) return;
    const [message] = rest;
    if (message instanceof Error) throw message;
    const error = new AssertionError({
        message: rest.length && message !== undefined ? message : 'The expression evaluated to a falsy value',
        operator: '==',
        actual: value,
        expected: true,
    });
    error.generatedMessage = message === undefined;
    throw error;
}

function assert(...args) {
    if (args.length === 0) noValue('assert');
    ok(...args);
}

function noValue() {
    throw new AssertionError({ message: 'No value argument passed to `assert.ok()`', operator: '==', expected: true });
}

assert.ok = function okFunction(...args) {
    if (args.length === 0) noValue();
    ok(...args);
};

let warnedOfFail = false;
assert.fail = function fail(actual, expected, message, operator) {
    const count = arguments.length;
    let generated = false;
    if (count <= 1) {
        message = actual;
        operator = 'fail';
        [actual, expected] = [undefined, undefined];
        if (message === undefined || message === null) {
            generated = true;
            message = 'Failed';
        }
    } else {
        if (!warnedOfFail) {
            warnedOfFail = true;
            process.emitWarning('assert.fail() with more than one argument is deprecated. Please use assert.strictEqual() '
                + 'instead or only pass a message.', 'DeprecationWarning', 'DEP0094');
        }
        if (count === 2) operator = '!=';
        operator ??= 'fail';
        generated = message === undefined;
    }
    if (message instanceof Error) throw message;
    const error = new AssertionError({ actual, expected, operator, message });
    error.generatedMessage = generated;
    throw error;
};

function two(args) {
    if (args.length < 2) throw make(TypeError, 'ERR_MISSING_ARGS', 'The "actual" and "expected" arguments must be specified');
}

function comparison(name, operator, test) {
    assert[name] = { [name](...args) {
        two(args);
        const [actual, expected, message] = args;
        if (!test(actual, expected)) fail({ actual, expected, operator }, message);
    } }[name];
}

// eslint-disable-next-line eqeqeq
const loose = (a, b) => a == b || (Number.isNaN(a) && Number.isNaN(b));
comparison('equal', '==', loose);
comparison('notEqual', '!=', (a, b) => !loose(a, b));
comparison('strictEqual', 'strictEqual', Object.is);
comparison('notStrictEqual', 'notStrictEqual', (a, b) => !Object.is(a, b));
comparison('deepEqual', 'deepEqual', isDeepEqual);
comparison('notDeepEqual', 'notDeepEqual', (a, b) => !isDeepEqual(a, b));
comparison('deepStrictEqual', 'deepStrictEqual', isDeepStrictEqual);
comparison('notDeepStrictEqual', 'notDeepStrictEqual', (a, b) => !isDeepStrictEqual(a, b));

function matches(error, expected, message, operator) {
    if (expected instanceof RegExp) {
        const text = String(error);
        if (expected.test(text)) return;
        fail({ actual: error, expected, operator },
            message ?? `The input did not match the regular expression ${inspect(expected)}. Input:\n\n${inspect(text)}\n`);
    }
    if (typeof expected === 'function') {
        if (expected.prototype !== undefined && error instanceof expected) return;
        if (Error.isPrototypeOf(expected)) {
            let text = `The error is expected to be an instance of "${expected.name}". Received `;
            text += error instanceof Error ? `"${error.constructor?.name || error.name}"\n\nError message:\n\n${error.message}`
                : `"${inspect(error, { depth: -1 })}"`;
            fail({ actual: error, expected, operator }, message ?? text);
        }
        if (expected.call({}, error) === true) return;
        fail({ actual: error, expected, operator }, message
            ?? `The ${expected.name ? `"${expected.name}" ` : ''}validation function is expected to return "true". Received ${inspect(expected.call({}, error))}\n\nCaught error:\n\n${error}`);
    }
    if (typeof expected !== 'object' || expected === null) {
        throw invalidArgType('expected', ['Object', 'Error', 'function', 'RegExp'], expected);
    }
    const keys = Object.keys(expected);
    if (expected instanceof Error) keys.push('name', 'message');
    else if (keys.length === 0) throw invalidArgValue('error', expected, 'may not be an empty object');
    if (error === null || typeof error !== 'object') {
        if (message !== undefined) fail({ actual: error, expected, operator }, message);
        const made = new AssertionError({ actual: error, expected, operator: 'deepStrictEqual' });
        Object.assign(made, { actual: error, expected, operator });
        throw made;
    }
    for (const key of keys) {
        const wanted = expected[key];
        if (typeof error[key] === 'string' && wanted instanceof RegExp && wanted.test(error[key])) continue;
        if (key in error && isDeepStrictEqual(error[key], wanted)) continue;
        const pick = (from) => Object.fromEntries(keys.filter((one) => one in from).map((one) => [one, from[one]]));
        if (message) fail({ actual: error, expected, operator }, message);
        const made = new AssertionError({ actual: pick(error), expected: pick(expected), operator: 'deepStrictEqual' });
        Object.assign(made, { actual: error, expected, operator });
        throw made;
    }
}

function split(args, operator) {
    let [expected, message] = args;
    if (typeof expected === 'string') {
        if (args.length > 1) throw invalidArgType('error', ['Object', 'Error', 'function', 'RegExp'], expected);
        [expected, message] = [undefined, expected];
    }
    return { expected, message, operator };
}

function missing({ expected, message, operator }) {
    let text = `Missing expected ${operator === 'rejects' ? 'rejection' : 'exception'}`;
    if (expected?.name) text += ` (${expected.name})`;
    text += message ? `: ${message}` : '.';
    fail({ actual: undefined, expected, operator }, message instanceof Error ? message : text);
}

assert.throws = function throws(body, ...args) {
    validateFunction(body, 'fn');
    const wanted = split(args, 'throws');
    let error;
    let thrown = false;
    try {
        body();
    } catch (caught) {
        [error, thrown] = [caught, true];
    }
    if (!thrown) missing(wanted);
    if (wanted.expected !== undefined) matches(error, wanted.expected, wanted.message, 'throws');
};

function kindOf(value) {
    if (value !== null && typeof value === 'object' && value.constructor?.name) return `an instance of ${value.constructor.name}`;
    if (typeof value === 'function') return `function ${value.name}`;
    if (value === undefined || value === null) return `${value}`;
    return `type ${typeof value} (${inspect(value)})`;
}

// A promise, or an object that can be told from one by nothing that matters.
function isThenable(value) {
    if (value instanceof Promise) return true;
    return value !== null && typeof value === 'object' && typeof value.then === 'function' && typeof value.catch === 'function';
}

async function settle(body) {
    let promise = body;
    if (typeof body === 'function') {
        promise = body();
        if (!isThenable(promise)) {
            throw make(TypeError, 'ERR_INVALID_RETURN_VALUE', `Expected instance of Promise to be returned from the "promiseFn" function but got ${kindOf(promise)}.`);
        }
    } else if (!isThenable(promise)) {
        throw invalidArgType('promiseFn', ['function', 'Promise'], promise);
    }
    try {
        await promise;
    } catch (error) {
        return { error };
    }
    return null;
}

assert.rejects = async function rejects(body, ...args) {
    const wanted = split(args, 'rejects');
    const rejected = await settle(body);
    if (rejected === null) missing(wanted);
    if (wanted.expected !== undefined) matches(rejected.error, wanted.expected, wanted.message, 'rejects');
};

// A class, a function that says true, or a pattern.
function expects(error, expected) {
    if (expected instanceof RegExp) return expected.test(String(error));
    if (expected.prototype !== undefined && error instanceof expected) return true;
    return !Error.isPrototypeOf(expected) && expected.call({}, error) === true;
}

function unwanted(error, args, operator, kind) {
    const { expected, message } = split(args, operator);
    if (expected !== undefined && !expects(error, expected)) throw error;
    const tail = message ? `: ${message}` : '.';
    fail({ actual: error, expected, operator }, `Got unwanted ${kind}${tail}\nActual message: "${error?.message}"`);
}

assert.doesNotThrow = function doesNotThrow(body, ...args) {
    validateFunction(body, 'fn');
    let error;
    try {
        body();
        return;
    } catch (caught) {
        error = caught;
    }
    unwanted(error, args, 'doesNotThrow', 'exception');
};

assert.doesNotReject = async function doesNotReject(body, ...args) {
    const rejected = await settle(body);
    if (rejected !== null) unwanted(rejected.error, args, 'doesNotReject', 'rejection');
};

assert.ifError = function ifError(value) {
    if (value === null || value === undefined) return;
    const text = typeof value === 'object' && typeof value.message === 'string' ? value.message || value.constructor.name : inspect(value);
    throw new AssertionError({ actual: value, expected: null, operator: 'ifError', message: `ifError got unwanted exception: ${text}` });
};

function matching(name, wanted) {
    assert[name] = { [name](text, pattern, message) {
        if (!(pattern instanceof RegExp)) throw invalidArgType('regexp', 'RegExp', pattern);
        if (typeof text === 'string' && pattern.test(text) === wanted) return;
        let shown = message;
        if (typeof text !== 'string') shown ??= `The "string" argument must be of type string. Received type ${typeof text} (${inspect(text)})`;
        shown ??= `The input ${wanted ? 'did not match' : 'was expected to not match'} the regular expression ${inspect(pattern)}. Input:\n\n${inspect(text)}\n`;
        fail({ actual: text, expected: pattern, operator: name }, shown);
    } }[name];
}
matching('match', true);
matching('doesNotMatch', false);

assert.AssertionError = AssertionError;
assert.strict = Object.assign(function strict(...args) {
    return assert(...args);
}, assert, {
    equal: assert.strictEqual,
    notEqual: assert.notStrictEqual,
    deepEqual: assert.deepStrictEqual,
    notDeepEqual: assert.notDeepStrictEqual,
});
assert.strict.strict = assert.strict;
// Deprecated in Node, and rarely used: made when asked for.
for (const one of [assert, assert.strict]) {
    Object.defineProperty(one, 'CallTracker', {
        configurable: true,
        enumerable: true,
        get: () => require('internal/call_tracker').CallTracker,
    });
}

module.exports = assert;
