'use strict';
// `Headers` of fetch: fields by lower-case name, sorted when they are listed.

const wire = require('internal/http/native');

const kMap = Symbol('map');
const kGuard = Symbol('guard');

// A script cannot set these on a request (they frame the message), nor anything on a finished response.
const FRAMING = new Set(['connection', 'content-length', 'expect', 'host', 'keep-alive', 'trailer', 'transfer-encoding', 'upgrade']);

function nameOf(name, method) {
    const text = String(name);
    if (!wire.isToken(text)) throw new TypeError(`Headers.${method}: ${text} is an invalid header name.`);
    return text.toLowerCase();
}

function valueOf(value, method) {
    const text = String(value).replace(/^[\t\n\r ]+|[\t\n\r ]+$/g, '');
    if (!wire.isFieldValue(text)) throw new TypeError(`Headers.${method}: ${text} is an invalid header value.`);
    return text;
}

class Headers {
    constructor(init = undefined) {
        Object.defineProperty(this, kMap, { value: new Map() });
        Object.defineProperty(this, kGuard, { value: 'none', writable: true });
        if (init !== undefined) fill(this, init);
    }
    append(name, value) { this.#change('append', name, value, true); }
    set(name, value) { this.#change('set', name, value, false); }
    delete(name) {
        this.#check();
        this[kMap].delete(nameOf(name, 'delete'));
    }
    get(name) {
        const values = this[kMap].get(nameOf(name, 'get'));
        return values === undefined ? null : values.join(', ');
    }
    has(name) { return this[kMap].has(nameOf(name, 'has')); }
    getSetCookie() { return (this[kMap].get('set-cookie') || []).slice(); }
    forEach(callback, self) {
        if (typeof callback !== 'function') throw new TypeError('Headers.forEach: the callback is not a function');
        for (const [name, value] of this) callback.call(self, value, name, this);
    }
    * entries() {
        for (const name of [...this[kMap].keys()].sort()) {
            const values = this[kMap].get(name);
            if (values === undefined) continue;
            // Cookies hold commas, so each is a field of its own.
            if (name === 'set-cookie') for (const value of values) yield [name, value];
            else yield [name, values.join(', ')];
        }
    }
    * keys() { for (const [name] of this.entries()) yield name; }
    * values() { for (const [, value] of this.entries()) yield value; }
    [Symbol.iterator]() { return this.entries(); }
    get [Symbol.toStringTag]() { return 'Headers'; }
    [Symbol.for('nodejs.util.inspect.custom')](depth, options, inspect) {
        return `Headers ${inspect ? inspect(Object.fromEntries(this), options) : JSON.stringify(Object.fromEntries(this))}`;
    }
    #check() {
        if (this[kGuard] === 'immutable') throw new TypeError('immutable');
    }
    #change(method, name, value, append) {
        const key = nameOf(name, method), text = valueOf(value, method);
        this.#check();
        const before = append ? this[kMap].get(key) : undefined;
        if (before === undefined) this[kMap].set(key, [text]); else before.push(text);
    }
}

function fill(headers, init) {
    if (init === null || (typeof init !== 'object' && typeof init !== 'function')) {
        throw new TypeError('Headers constructor: init given is not a sequence or a record');
    }
    if (init instanceof Headers) {
        for (const [name, values] of init[kMap]) for (const value of values) headers.append(name, value);
    } else if (typeof init[Symbol.iterator] === 'function') {
        for (const pair of init) {
            const list = [...pair];
            if (list.length !== 2) throw new TypeError('Headers constructor: expected name/value pair to be length 2');
            headers.append(list[0], list[1]);
        }
    } else {
        for (const name of Reflect.ownKeys(init)) {
            if (typeof name === 'symbol') throw new TypeError('Headers constructor: a symbol is no name');
            headers.append(name, init[name]);
        }
    }
}

module.exports = { Headers, fill, kGuard, FRAMING };
