'use strict';

// Errors with Node's codes and wording.

function toString() {
    return `${this.name} [${this.code}]: ${this.message}`;
}

function make(Base, code, message) {
    const error = new Base(message);
    error.code = code;
    // The text of errors of the modules themselves has the code.
    if (code.startsWith('ERR_')) Object.defineProperty(error, 'toString', { __proto__: null, value: toString, writable: true, configurable: true });
    return error;
}

function isClassName(text) {
    return /^(?:[A-Z][a-z0-9]*)+$/.test(text);
}

function list(words) {
    if (words.length <= 1) return words.join('');
    if (words.length === 2) return `${words[0]} or ${words[1]}`;
    return `${words.slice(0, -1).join(', ')}, or ${words[words.length - 1]}`;
}

function shorten(text, length) {
    return text.length > length ? `${text.slice(0, length)}...` : text;
}

function received(value) {
    if (value === null || value === undefined) return ` Received ${value}`;
    if (typeof value === 'function') return ` Received function ${value.name}`;
    if (typeof value === 'object') {
        if (value.constructor?.name) return ` Received an instance of ${value.constructor.name}`;
        return ` Received ${require('util').inspect(value, { depth: -1 })}`;
    }
    const text = require('util').inspect(value, { colors: false });
    const shown = text.length > 28 ? `${text.slice(0, 25)}...` : text;
    return ` Received type ${typeof value} (${shown})`;
}

function expectation(expected) {
    const all = Array.isArray(expected) ? expected : [expected];
    const types = [];
    const instances = [];
    const others = [];
    for (const one of all) {
        if (/^([Ff]unction|[Oo]bject|string|number|boolean|bigint|symbol)$/.test(one)) types.push(one.toLowerCase());
        else if (isClassName(one)) instances.push(one);
        else others.push(one);
    }
    // Beside other classes an object is one more class.
    if (instances.length && types.includes('object')) {
        types.splice(types.indexOf('object'), 1);
        instances.push('Object');
    }
    // Names with an article of their own come after the rest.
    const parts = [];
    if (types.length) parts.push(types.length > 1 ? `one of type ${list(types)}` : `of type ${types[0]}`);
    if (instances.length) parts.push(`an instance of ${list(instances)}`);
    if (others.length > 1) parts.push(`one of ${list(others)}`);
    else if (others.length) parts.push(others[0].toLowerCase() === others[0] ? others[0] : `an ${others[0]}`);
    return parts.join(' or ');
}

function subject(name) {
    if (name.endsWith(' argument')) return `The ${name}`;
    return `The "${name}" ${name.includes('.') ? 'property' : 'argument'}`;
}

exports.make = make;
exports.received = received;

exports.invalidArgType = function invalidArgType(name, expected, actual) {
    const message = `${subject(name)} must be ${expectation(expected)}.${received(actual)}`;
    return make(TypeError, 'ERR_INVALID_ARG_TYPE', message);
};

exports.invalidArgValue = function invalidArgValue(name, value, reason = 'is invalid') {
    const shown = shorten(require('util').inspect(value), 128);
    const kind = name.includes('.') ? 'property' : 'argument';
    return make(TypeError, 'ERR_INVALID_ARG_VALUE', `The ${kind} '${name}' ${reason}. Received ${shown}`);
};

function grouped(text) {
    return text.replace(/\B(?=(\d{3})+(?!\d))/g, '_');
}

exports.outOfRange = function outOfRange(name, range, value) {
    let shown;
    if (Number.isInteger(value) && Math.abs(value) > 2 ** 32) shown = grouped(String(value));
    else if (typeof value === 'bigint') {
        shown = String(value);
        if (value > 2n ** 32n || value < -(2n ** 32n)) shown = grouped(shown);
        shown += 'n';
    } else shown = require('util').inspect(value);
    const message = `The value of "${name}" is out of range. It must be ${range}. Received ${shown}`;
    return make(RangeError, 'ERR_OUT_OF_RANGE', message);
};

exports.abortError = function abortError(signal) {
    const error = make(Error, 'ABORT_ERR', 'The operation was aborted');
    error.name = 'AbortError';
    if (signal !== undefined) error.cause = signal.reason;
    return error;
};

exports.validateFunction = function validateFunction(value, name) {
    if (typeof value !== 'function') throw exports.invalidArgType(name, 'function', value);
};

exports.validateString = function validateString(value, name) {
    if (typeof value !== 'string') throw exports.invalidArgType(name, 'string', value);
};

exports.validateObject = function validateObject(value, name) {
    if (value === null || typeof value !== 'object' || Array.isArray(value)) {
        throw exports.invalidArgType(name, 'Object', value);
    }
};

exports.validateInteger = function validateInteger(value, name, min = -(2 ** 53 - 1), max = 2 ** 53 - 1) {
    if (typeof value !== 'number') throw exports.invalidArgType(name, 'number', value);
    if (!Number.isInteger(value)) throw exports.outOfRange(name, 'an integer', value);
    if (value < min || value > max) throw exports.outOfRange(name, `>= ${min} && <= ${max}`, value);
};
