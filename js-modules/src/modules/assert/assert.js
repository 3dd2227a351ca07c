'use strict';

const { inspect, types } = require('util');
const AssertionError = require('internal/assertion_error');
const { isDeepEqual, isDeepStrictEqual } = require('internal/equal');
const { make, invalidArgType, invalidArgValue, validateFunction } = require('internal/errors');

// The functions that scripts call are passed along as `from`: their frames, and what is above, are not in the stack.
function fail(options, message, from) {
    if (isError(message)) throw message;
    throw new AssertionError({ ...options, message, stackStartFn: above(from) });
}

const { isRegExp } = types;

function isError(value) {
    return value instanceof Error || types.isNativeError(value);
}

function check(from, count, value, message) {
    if (value) return;
    let generated = false;
    if (count === 0) {
        generated = true;
        message = 'No value argument passed to `assert.ok()`';
    } else if (message === undefined || message === null) {
        generated = true;
        const source = require('internal/call_source')();
        message = source === null ? undefined : `The expression evaluated to a falsy value:\n\n  ${source}\n`;
    } else if (isError(message)) throw message;
    const error = new AssertionError({ actual: value, expected: true, message, operator: '==', stackStartFn: from });
    error.generatedMessage = generated;
    throw error;
}

function assert(...args) {
    check(assert, args.length, args[0], args[1]);
}

assert.ok = { ok(...args) {
    check(assert.ok, args.length, args[0], args[1]);
} }.ok;

let warnedOfFail = false;
// No destructuring: a test may have broken the iterators of arrays.
assert.fail = function fail(actual, expected, message, operator, from) {
    const count = arguments.length;
    let generated = false;
    if (count <= 1) {
        message = actual;
        actual = undefined;
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
        generated = message === undefined;
    }
    if (isError(message)) throw message;
    const error = new AssertionError({ actual, expected, operator: operator ?? 'fail', message, stackStartFn: from ?? fail });
    error.generatedMessage = generated;
    throw error;
};

function two(args) {
    if (args.length < 2) throw make(TypeError, 'ERR_MISSING_ARGS', 'The "actual" and "expected" arguments must be specified');
}

function comparison(name, operator, test) {
    const method = { [name](...args) {
        two(args);
        const actual = args[0];
        const expected = args[1];
        if (!test(actual, expected)) fail({ actual, expected, operator }, args[2], method);
    } }[name];
    assert[name] = method;
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

// What an error has of the properties that were asked for; a text that fits a pattern counts as the pattern.
class Comparison {
    constructor(from, keys, actual) {
        for (const key of keys) {
            if (!(key in from)) continue;
            const fits = actual !== undefined && typeof actual[key] === 'string' && isRegExp(from[key]) && from[key].test(actual[key]);
            this[key] = fits ? actual[key] : from[key];
        }
    }
}

function unlike(given, shown, from) {
    const error = new AssertionError({ ...shown, operator: 'deepStrictEqual', stackStartFn: above(from) });
    error.actual = given.actual;
    error.expected = given.expected;
    error.operator = from.name;
    throw error;
}

// An error must have the properties of an object.
function matchesObject(actual, expected, message, from) {
    if (actual === null || typeof actual !== 'object') unlike({ actual, expected }, { actual, expected, message }, from);
    const keys = Object.keys(expected);
    if (expected instanceof Error) keys.push('name', 'message');
    else if (keys.length === 0) throw invalidArgValue('error', expected, 'may not be an empty object');
    for (const key of keys) {
        if (typeof actual[key] === 'string' && isRegExp(expected[key]) && expected[key].test(actual[key])) continue;
        if (key in actual && isDeepStrictEqual(actual[key], expected[key])) continue;
        if (message) fail({ actual, expected, operator: from.name }, message, from);
        unlike({ actual, expected }, { actual: new Comparison(actual, keys), expected: new Comparison(expected, keys, actual) }, from);
    }
}

function otherClass(actual, expected) {
    const text = `The error is expected to be an instance of "${expected.name}". Received `;
    if (!isError(actual)) return `${text}"${inspect(actual, { depth: -1 })}"`;
    const name = actual.constructor?.name || actual.name;
    const received = name === expected.name ? 'an error with identical name but a different prototype.' : `"${name}"`;
    return `${text}${received}${actual.message ? `\n\nError message:\n\n${actual.message}` : ''}`;
}

// Why an error is not what a pattern, class or function asks for; null if it is.
function objection(actual, expected) {
    if (isRegExp(expected)) {
        const text = String(actual);
        if (expected.exec(text) !== null) return null;
        return `The input did not match the regular expression ${inspect(expected)}. Input:\n\n${inspect(text)}\n`;
    }
    if (expected.prototype !== undefined && actual instanceof expected) return null;
    if (Error.isPrototypeOf(expected)) return otherClass(actual, expected);
    const answer = expected.call({}, actual);
    if (answer === true) return null;
    const text = `The ${expected.name ? `"${expected.name}" ` : ''}validation function is expected to return "true". Received ${inspect(answer)}`;
    return isError(actual) ? `${text}\n\nCaught error:\n\n${actual}` : text;
}

function matches(actual, expected, message, from) {
    if (typeof expected !== 'function' && !isRegExp(expected)) {
        matchesObject(actual, expected, message, from);
        return;
    }
    const generated = objection(actual, expected);
    if (generated === null) return;
    if (isError(message)) throw message;
    const error = new AssertionError({ actual, expected, message: message || generated, operator: from.name, stackStartFn: above(from) });
    error.generatedMessage = !message;
    throw error;
}

// Of the functions that wait, the stack shows the function itself: nothing of its caller is left when it goes on.
function above(from) {
    return from === assert.rejects || from === assert.doesNotReject ? judge : from;
}

const KINDS = ['Function', 'Error', 'RegExp', 'Object'];

// What `throws` and `rejects` do with the outcome: `caught` holds the error, or is null where there was none.
function judge(caught, args, from) {
    let expected = args[0];
    let message = args[1];
    if (typeof expected === 'string') {
        if (args.length > 1) throw invalidArgType('error', KINDS, expected);
        const error = caught?.error;
        const same = error !== null && typeof error === 'object' ? error.message === expected : error === expected;
        if (caught && same) {
            const what = typeof error === 'object' ? 'error message' : 'error';
            throw make(TypeError, 'ERR_AMBIGUOUS_ARGUMENT', `The "error/message" argument is ambiguous. The ${what} "${expected}" is identical to the message.`);
        }
        message = expected;
        expected = undefined;
    } else if (expected !== undefined && expected !== null && typeof expected !== 'object' && typeof expected !== 'function') {
        throw invalidArgType('error', KINDS, expected);
    }
    if (caught === null) {
        const what = from === assert.rejects ? 'rejection' : 'exception';
        const details = `${expected?.name ? ` (${expected.name})` : ''}${message ? `: ${message}` : '.'}`;
        fail({ actual: undefined, expected, operator: from.name }, isError(message) ? message : `Missing expected ${what}${details}`, from);
    }
    if (expected) matches(caught.error, expected, message, from);
}

assert.throws = function throws(body, ...args) {
    validateFunction(body, 'fn');
    let caught = null;
    try {
        body();
    } catch (error) {
        caught = { error };
    }
    judge(caught, args, throws);
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
    judge(await settle(body), args, rejects);
};

// A class, a function that says true, or a pattern.
function expects(error, expected) {
    if (isRegExp(expected)) return expected.exec(String(error)) !== null;
    if (typeof expected !== 'function') throw invalidArgType('expected', ['Function', 'RegExp'], expected);
    if (expected.prototype !== undefined && error instanceof expected) return true;
    return !Error.isPrototypeOf(expected) && expected.call({}, error) === true;
}

function unwanted(error, args, from) {
    const text = typeof args[0] === 'string';
    const expected = text ? undefined : args[0];
    const message = text ? args[0] : args[1];
    if (expected && !expects(error, expected)) throw error;
    const what = from === assert.doesNotReject ? 'rejection' : 'exception';
    const tail = message ? `: ${message}` : '.';
    fail({ actual: error, expected, operator: from.name }, `Got unwanted ${what}${tail}\nActual message: "${error?.message}"`, from);
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
    unwanted(error, args, doesNotThrow);
};

assert.doesNotReject = async function doesNotReject(body, ...args) {
    const rejected = await settle(body);
    if (rejected !== null) unwanted(rejected.error, args, doesNotReject);
};

// The new stack, then the stack of the error that came, without the frames that both have.
function joinStacks(made, original) {
    const start = original.indexOf('\n    at');
    if (start < 0) return;
    const frames = original.slice(start + 1).split('\n');
    let above = made.stack.split('\n');
    for (const frame of frames) {
        const at = above.indexOf(frame);
        if (at < 0) continue;
        above = above.slice(0, at);
        break;
    }
    made.stack = `${above.join('\n')}\n${frames.join('\n')}`;
}

assert.ifError = function ifError(value) {
    if (value === null || value === undefined) return;
    let text;
    if (typeof value !== 'object' || typeof value.message !== 'string') text = inspect(value);
    else text = value.message === '' && value.constructor ? value.constructor.name : value.message;
    const message = `ifError got unwanted exception: ${text}`;
    const error = new AssertionError({ actual: value, expected: null, operator: 'ifError', message, stackStartFn: ifError });
    error.generatedMessage = true;
    if (typeof value.stack === 'string') joinStacks(error, value.stack);
    throw error;
};

function matching(name, wanted) {
    const method = { [name](text, pattern, message) {
        if (!isRegExp(pattern)) throw invalidArgType('regexp', 'RegExp', pattern);
        if (typeof text === 'string' && (pattern.exec(text) !== null) === wanted) return;
        if (isError(message)) throw message;
        const verdict = wanted ? 'did not match' : 'was expected to not match';
        const generated = typeof text !== 'string'
            ? `The "string" argument must be of type string. Received type ${typeof text} (${inspect(text)})`
            : `The input ${verdict} the regular expression ${inspect(pattern)}. Input:\n\n${inspect(text)}\n`;
        const error = new AssertionError({ actual: text, expected: pattern, message: message || generated, operator: name, stackStartFn: method });
        error.generatedMessage = !message;
        throw error;
    } }[name];
    assert[name] = method;
}
matching('match', true);
matching('doesNotMatch', false);

assert.AssertionError = AssertionError;
assert.strict = Object.assign(function strict(...args) {
    check(strict, args.length, args[0], args[1]);
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
