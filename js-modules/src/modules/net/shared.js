'use strict';
// What sockets and servers share: the arguments they take and the errors they make.

const { make, invalidArgType } = require('internal/errors');

// `(options[, callback])`, `(port[, host][, callback])`, `(path[, callback])`: gives `[options, callback]`.
exports.normalize = function normalize(args) {
    let options = {};
    if (args.length === 0) return [options, null];
    const first = args[0];
    if (typeof first === 'object' && first !== null) options = first;
    else if (isPipeName(first)) options.path = first;
    else {
        options.port = first;
        if (args.length > 1 && typeof args[1] === 'string') options.host = args[1];
    }
    const last = args[args.length - 1];
    return [options, typeof last === 'function' ? last : null];
};

function isPipeName(value) {
    return typeof value === 'string' && toNumber(value) === false;
}

function toNumber(value) {
    const number = Number(value);
    return number >= 0 ? number : false;
}
exports.toNumber = toNumber;

exports.port = function port(value, name = 'Port', allowZero = true) {
    if ((typeof value !== 'number' && typeof value !== 'string') ||
        (typeof value === 'string' && value.trim().length === 0) ||
        +value !== (+value >>> 0) || value > 0xFFFF || (value === 0 && !allowZero)) {
        const shown = require('internal/errors').received(value).trim().replace(/\.$/, '');
        throw make(RangeError, 'ERR_SOCKET_BAD_PORT', `${name} should be ${allowZero ? '>=' : '>'} 0 and < 65536. ${shown}.`);
    }
    return value | 0;
};

// The `Error` of a failure of the natives.
exports.failure = function failure(given) {
    if (given.each) {
        const all = new AggregateError(given.each.map(failure));
        all.code = given.code;
        return all;
    }
    if (given.syscall === 'tls') return make(Error, given.code, given.text);
    let message = `${given.syscall} ${given.code}`;
    if (given.syscall === 'getaddrinfo') message += ` ${given.hostname}`;
    else if (given.syscall === 'listen') message += `: ${given.text}`;
    if (given.address !== undefined) {
        message += ` ${given.address}`;
        // Node's texts give port 0 no mention.
        if (given.port) message += `:${given.port}`;
    }
    const error = new Error(message);
    for (const key of ['errno', 'code', 'syscall', 'hostname', 'address', 'port']) {
        if (given[key] !== undefined && !(key === 'port' && !given.port && given.syscall !== 'listen')) error[key] = given[key];
    }
    return error;
};

exports.positive = function positive(value, name) {
    if (typeof value !== 'number') throw invalidArgType(name, 'number', value);
    if (!(value >= 0 && Number.isFinite(value))) throw require('internal/errors').outOfRange(name, 'a non-negative finite number', value);
    return value;
};
