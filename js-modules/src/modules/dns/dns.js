'use strict';

// Names to addresses, as the system resolves them.

const { invalidArgType, invalidArgValue, make, validateFunction, validateInteger } = require('internal/errors');

const V4 = /^(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.(?!$)|$)){4}$/;
const familyOf = (address) => (V4.test(address) ? 4 : address.includes(':') ? 6 : 0);
const HINTS = { ADDRCONFIG: 32, ALL: 16, V4MAPPED: 8 };
const ORDERS = ['verbatim', 'ipv4first', 'ipv6first'];
let order = 'verbatim';

function failed(code, host) {
    const error = make(Error, code, `getaddrinfo ${code}${host ? ` ${host}` : ''}`);
    return Object.assign(error, { errno: code === 'ENOTFOUND' ? -3008 : -3001, syscall: 'getaddrinfo', hostname: host });
}

function settings(host, options) {
    if (host !== undefined && host !== null && typeof host !== 'string' && host) throw invalidArgType('hostname', 'string', host);
    const given = typeof options === 'number' ? { family: options } : { ...options };
    if (options !== undefined && options !== null && typeof options !== 'object' && typeof options !== 'number') throw invalidArgType('options', ['integer', 'object'], options);
    let family = given.family ?? 0;
    if (family === 'IPv4') family = 4; else if (family === 'IPv6') family = 6;
    if (typeof family !== 'number' || ![0, 4, 6].includes(family)) throw typeof family === 'number' || given.family !== undefined ? invalidArgValue(typeof options === 'number' ? 'family' : 'options.family', given.family, 'must be one of: 0, 4, 6') : invalidArgType('options.family', 'number', family);
    if (given.hints !== undefined && given.hints !== null) {
        validateInteger(given.hints, 'options.hints', 0);
        if ((given.hints & ~(HINTS.ADDRCONFIG | HINTS.ALL | HINTS.V4MAPPED)) !== 0) throw invalidArgValue('hints', given.hints);
    }
    for (const key of ['all', 'verbatim']) if (given[key] !== undefined && given[key] !== null && typeof given[key] !== 'boolean') throw invalidArgType(`options.${key}`, 'boolean', given[key]);
    if (given.order !== undefined && !ORDERS.includes(given.order)) throw invalidArgValue('options.order', given.order, `must be one of: 'verbatim', 'ipv4first', 'ipv6first'`);
    return { family, all: Boolean(given.all), order: given.order ?? (given.verbatim === false ? 'ipv4first' : given.verbatim === true ? 'verbatim' : order) };
}

function ordered(found, how) {
    if (how === 'verbatim') return found;
    const first = how === 'ipv4first' ? 4 : 6;
    return [...found.filter((one) => one.family === first), ...found.filter((one) => one.family !== first)];
}

// `done(error, [{ address, family }, …])`
function ask(host, given, done) {
    if (familyOf(host) !== 0) { process.nextTick(done, null, [{ address: host, family: familyOf(host) }]); return; }
    native.lookup(host, (code, addresses) => {
        const found = addresses.map((address) => ({ address, family: familyOf(address) })).filter((one) => given.family === 0 || one.family === given.family);
        if (code !== undefined || found.length === 0) done(failed(code ?? 'ENOTFOUND', host)); else done(null, ordered(found, given.order));
    });
}

function lookup(host, options, callback) {
    if (typeof options === 'function') [callback, options] = [options, undefined];
    validateFunction(callback, 'callback');
    const given = settings(host, options);
    if (!host) {
        const none = { address: null, family: given.family === 6 ? 6 : 4 };
        if (given.all) process.nextTick(callback, null, []); else process.nextTick(callback, null, none.address, none.family);
        return {};
    }
    ask(host, given, (error, found) => {
        if (error) callback(error);
        else if (given.all) callback(null, found);
        else callback(null, found[0].address, found[0].family);
    });
    return {};
}
Object.defineProperty(lookup, Symbol.for('nodejs.util.promisify.custom'), { value: (host, options) => promises.lookup(host, options) });

const promises = {
    lookup(host, options) {
        const given = settings(host, options);
        return new Promise((resolve, reject) => {
            if (!host) { resolve(given.all ? [] : { address: null, family: given.family === 6 ? 6 : 4 }); return; }
            ask(host, given, (error, found) => { if (error) reject(error); else resolve(given.all ? found : found[0]); });
        });
    },
    getDefaultResultOrder: () => order,
    setDefaultResultOrder,
};

function setDefaultResultOrder(value) {
    if (!ORDERS.includes(value)) throw invalidArgValue('dnsOrder', value, `must be one of: 'verbatim', 'ipv4first', 'ipv6first'`);
    order = value;
}

module.exports = { ...HINTS, getDefaultResultOrder: () => order, lookup, promises, setDefaultResultOrder };
