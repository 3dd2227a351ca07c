'use strict';

// URL and URLSearchParams of the URL standard.

const { make, invalidArgType, validateFunction } = require('internal/errors');

const kInspect = Symbol.for('nodejs.util.inspect.custom');

function missing(...names) {
    const all = names.map((name) => `"${name}"`);
    const text = all.length === 1 ? `${all[0]} argument` : `${all.join(' and ')} arguments`;
    return make(TypeError, 'ERR_MISSING_ARGS', `The ${text} must be specified`);
}

function wrongThis(type) {
    return make(TypeError, 'ERR_INVALID_THIS', `Value of "this" must be of type ${type}`);
}

// Text of whole characters: a lone half of a pair becomes U+FFFD.
const wellFormed = (value) => text(value).toWellFormed();

function text(value) {
    if (typeof value === 'symbol') throw new TypeError('Cannot convert a Symbol value to a string');
    return `${value}`;
}

let bindTo;
let refill;
let listOf;
let is;

class URLSearchParams {
    // name, value, name, value …
    #list = [];
    #changed = null;

    static {
        bindTo = (params, changed) => { params.#changed = changed; };
        refill = (params, query) => { params.#list = native.parseQuery(query); };
        listOf = (params) => params.#list;
        is = (value) => value !== null && typeof value === 'object' && #list in value;
    }

    constructor(init = undefined) {
        if (init === undefined || init === null) return;
        if (typeof init !== 'object' && typeof init !== 'function') {
            const query = wellFormed(init);
            this.#list = native.parseQuery(query[0] === '?' ? query.slice(1) : query);
            return;
        }
        const iterator = init[Symbol.iterator];
        if (iterator === undefined || iterator === null) this.#fromRecord(init);
        else if (typeof iterator === 'function') this.#fromPairs(init, iterator);
        else throw make(TypeError, 'ERR_ARG_NOT_ITERABLE', 'Query pairs must be iterable');
    }

    #fromPairs(init, iterator) {
        // Without the iterator protocol where it would give the same.
        if (is(init) && iterator === URLSearchParams.prototype[Symbol.iterator]) {
            this.#list = init.#list.slice();
            return;
        }
        const bad = () => make(TypeError, 'ERR_INVALID_TUPLE', 'Each query pair must be an iterable [name, value] tuple');
        for (const pair of { [Symbol.iterator]: () => iterator.call(init) }) {
            const isObject = pair !== null && (typeof pair === 'object' || typeof pair === 'function');
            if (!isObject || typeof pair[Symbol.iterator] !== 'function') throw bad();
            const both = [...pair];
            if (both.length !== 2) throw bad();
            this.#list.push(wellFormed(both[0]), wellFormed(both[1]));
        }
    }

    #fromRecord(init) {
        const at = new Map();
        for (const key of Reflect.ownKeys(init)) {
            if (!Reflect.getOwnPropertyDescriptor(init, key)?.enumerable) continue;
            const name = wellFormed(key);
            const value = wellFormed(init[key]);
            // Two keys may become one when halves of pairs are replaced.
            const known = at.get(name);
            if (known === undefined) at.set(name, this.#list.push(name, value) - 1);
            else this.#list[known] = value;
        }
    }

    #tell() {
        this.#changed?.();
    }

    get size() {
        if (!is(this)) throw wrongThis('URLSearchParams');
        return this.#list.length / 2;
    }

    append(name, value) {
        if (!is(this)) throw wrongThis('URLSearchParams');
        if (arguments.length < 2) throw missing('name', 'value');
        this.#list.push(wellFormed(name), wellFormed(value));
        this.#tell();
    }

    delete(name, value = undefined) {
        if (!is(this)) throw wrongThis('URLSearchParams');
        if (arguments.length < 1) throw missing('name');
        const list = this.#list;
        const wanted = wellFormed(name);
        const exact = value === undefined ? undefined : wellFormed(value);
        this.#list = list.filter((_, at) => list[at & ~1] !== wanted || (exact !== undefined && list[at | 1] !== exact));
        this.#tell();
    }

    get(name) {
        if (!is(this)) throw wrongThis('URLSearchParams');
        if (arguments.length < 1) throw missing('name');
        const at = this.#find(wellFormed(name), 0);
        return at < 0 ? null : this.#list[at + 1];
    }

    getAll(name) {
        if (!is(this)) throw wrongThis('URLSearchParams');
        if (arguments.length < 1) throw missing('name');
        const wanted = wellFormed(name);
        const values = [];
        for (let at = this.#find(wanted, 0); at >= 0; at = this.#find(wanted, at + 2)) values.push(this.#list[at + 1]);
        return values;
    }

    has(name, value = undefined) {
        if (!is(this)) throw wrongThis('URLSearchParams');
        if (arguments.length < 1) throw missing('name');
        const wanted = wellFormed(name);
        const exact = value === undefined ? undefined : wellFormed(value);
        for (let at = this.#find(wanted, 0); at >= 0; at = this.#find(wanted, at + 2)) {
            if (exact === undefined || this.#list[at + 1] === exact) return true;
        }
        return false;
    }

    set(name, value) {
        if (!is(this)) throw wrongThis('URLSearchParams');
        if (arguments.length < 2) throw missing('name', 'value');
        const wanted = wellFormed(name);
        const text = wellFormed(value);
        const first = this.#find(wanted, 0);
        if (first < 0) {
            this.#list.push(wanted, text);
        } else {
            const list = this.#list;
            list[first + 1] = text;
            this.#list = list.filter((_, at) => at < first + 2 || list[at & ~1] !== wanted);
        }
        this.#tell();
    }

    sort() {
        if (!is(this)) throw wrongThis('URLSearchParams');
        const pairs = pairsOf(this.#list);
        pairs.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
        this.#list = pairs.flat();
        this.#tell();
    }

    #find(name, from) {
        const list = this.#list;
        for (let at = from; at < list.length; at += 2) if (list[at] === name) return at;
        return -1;
    }

    entries() {
        if (!is(this)) throw wrongThis('URLSearchParams');
        return iterate(this, 'entries');
    }

    forEach(callback, thisArg = undefined) {
        if (!is(this)) throw wrongThis('URLSearchParams');
        validateFunction(callback, 'callback');
        for (let at = 0; at < this.#list.length; at += 2) callback.call(thisArg, this.#list[at + 1], this.#list[at], this);
    }

    keys() {
        if (!is(this)) throw wrongThis('URLSearchParams');
        return iterate(this, 'keys');
    }

    values() {
        if (!is(this)) throw wrongThis('URLSearchParams');
        return iterate(this, 'values');
    }

    toString() {
        if (!is(this)) throw wrongThis('URLSearchParams');
        return native.serializeQuery(this.#list);
    }

    [kInspect](depth, options, inspect) {
        if (!is(this)) throw wrongThis('URLSearchParams');
        if (typeof depth === 'number' && depth < 0) return options.stylize('[Object]', 'special');
        const shown = pairsOf(this.#list).map(([name, value]) => `${inspect(name, options)} => ${inspect(value, options)}`);
        return list('URLSearchParams', shown, options);
    }
}

function pairsOf(flat) {
    const pairs = [];
    for (let at = 0; at < flat.length; at += 2) pairs.push([flat[at], flat[at + 1]]);
    return pairs;
}

function list(name, shown, options) {
    if (shown.length === 0) return name.endsWith('Iterator') ? `${name} {  }` : `${name} {}`;
    const long = shown.join(', ').length + name.length + 5 > (options.breakLength ?? 80);
    return long ? `${name} {\n  ${shown.join(',\n  ')} }` : `${name} { ${shown.join(', ')} }`;
}

// Lives on with the list: what is added while it runs is seen.
const iterators = new WeakMap();
const IteratorPrototype = Object.getPrototypeOf(Object.getPrototypeOf([][Symbol.iterator]()));
const ParamsIterator = Object.create(IteratorPrototype, {
    next: {
        writable: true, enumerable: true, configurable: true,
        value: function next() {
            const state = iterators.get(this);
            if (state === undefined) throw wrongThis('URLSearchParamsIterator');
            const flat = listOf(state.params);
            if (state.at >= flat.length) return { value: undefined, done: true };
            const [name, value] = [flat[state.at], flat[state.at + 1]];
            state.at += 2;
            return { value: state.kind === 'keys' ? name : state.kind === 'values' ? value : [name, value], done: false };
        },
    },
    [kInspect]: {
        writable: true, enumerable: false, configurable: true,
        value: function (depth, options, inspect) {
            const state = iterators.get(this);
            if (state === undefined) throw wrongThis('URLSearchParamsIterator');
            if (typeof depth === 'number' && depth < 0) return options.stylize('[Object]', 'special');
            const rest = pairsOf(listOf(state.params).slice(state.at));
            const shown = rest.map(([name, value]) => inspect(state.kind === 'keys' ? name : state.kind === 'values' ? value : [name, value], options));
            return list('URLSearchParams Iterator', shown, options);
        },
    },
    [Symbol.toStringTag]: { configurable: true, value: 'URLSearchParams Iterator' },
});

function iterate(params, kind) {
    const iterator = Object.create(ParamsIterator);
    iterators.set(iterator, { params, kind, at: 0 });
    return iterator;
}

function expose(Class, names, tag) {
    for (const name of names) Object.defineProperty(Class.prototype, name, { enumerable: true });
    Object.defineProperty(Class.prototype, Symbol.toStringTag, { configurable: true, value: tag });
}

expose(URLSearchParams, ['append', 'delete', 'get', 'getAll', 'has', 'set', 'sort', 'entries', 'forEach', 'keys',
    'values', 'toString', 'size'], 'URLSearchParams');
Object.defineProperty(URLSearchParams.prototype, Symbol.iterator, {
    configurable: true, writable: true, value: URLSearchParams.prototype.entries,
});

function invalidUrl(input, base) {
    const error = make(TypeError, 'ERR_INVALID_URL', 'Invalid URL');
    error.input = input;
    if (base !== undefined) error.base = base;
    return error;
}

const [HREF, ORIGIN, PROTOCOL, USERNAME, PASSWORD, HOST, HOSTNAME, PORT, PATHNAME, SEARCH, HASH] = Array(11).keys();

class URL {
    #handle;
    #params = null;

    constructor(input, base = undefined) {
        if (arguments.length === 0) throw missing('url');
        const text = `${input}`;
        const from = base === undefined ? undefined : `${base}`;
        this.#handle = native.parse(text, from);
        if (this.#handle === undefined) throw invalidUrl(text, from);
    }

    static canParse(input, base = undefined) {
        if (arguments.length === 0) throw missing('url');
        return native.canParse(`${input}`, base === undefined ? undefined : `${base}`);
    }

    static parse(input, base = undefined) {
        if (arguments.length === 0) throw missing('url');
        return URL.canParse(input, base) ? new URL(input, base) : null;
    }

    static createObjectURL(blob) {
        return require('internal/blob').createObjectURL(...arguments);
    }

    static revokeObjectURL(url) {
        return require('internal/blob').revokeObjectURL(...arguments);
    }

    #set(part, value) {
        native.setPart(this.#handle, part, text(value));
    }

    #refill() {
        if (this.#params !== null) refill(this.#params, this.search.slice(1));
    }

    get href() {
        return native.part(this.#handle, HREF);
    }

    set href(value) {
        const text = `${value}`;
        if (!native.setPart(this.#handle, HREF, text)) throw invalidUrl(text);
        this.#refill();
    }

    get origin() {
        return native.part(this.#handle, ORIGIN);
    }

    get protocol() {
        return native.part(this.#handle, PROTOCOL);
    }

    set protocol(value) {
        this.#set(PROTOCOL, value);
    }

    get username() {
        return native.part(this.#handle, USERNAME);
    }

    set username(value) {
        this.#set(USERNAME, value);
    }

    get password() {
        return native.part(this.#handle, PASSWORD);
    }

    set password(value) {
        this.#set(PASSWORD, value);
    }

    get host() {
        return native.part(this.#handle, HOST);
    }

    set host(value) {
        this.#set(HOST, value);
    }

    get hostname() {
        return native.part(this.#handle, HOSTNAME);
    }

    set hostname(value) {
        this.#set(HOSTNAME, value);
    }

    get port() {
        return native.part(this.#handle, PORT);
    }

    set port(value) {
        this.#set(PORT, value);
    }

    get pathname() {
        return native.part(this.#handle, PATHNAME);
    }

    set pathname(value) {
        this.#set(PATHNAME, value);
    }

    get search() {
        return native.part(this.#handle, SEARCH);
    }

    set search(value) {
        this.#set(SEARCH, wellFormed(value));
        this.#refill();
    }

    get searchParams() {
        if (this.#params === null) {
            this.#params = new URLSearchParams(native.part(this.#handle, SEARCH));
            bindTo(this.#params, () => native.setQuery(this.#handle, this.#params.toString()));
        }
        return this.#params;
    }

    get hash() {
        return native.part(this.#handle, HASH);
    }

    set hash(value) {
        this.#set(HASH, value);
    }

    toString() {
        return native.part(this.#handle, HREF);
    }

    toJSON() {
        return native.part(this.#handle, HREF);
    }

    [kInspect](depth, options, inspect) {
        if (typeof depth === 'number' && depth < 0) return this;
        const constructor = this.constructor ?? URL;
        const shown = {};
        for (const name of ['href', 'origin', 'protocol', 'username', 'password', 'host', 'hostname', 'port', 'pathname',
            'search', 'searchParams', 'hash']) shown[name] = this[name];
        return `${constructor.name} ${inspect(shown, options)}`;
    }
}

expose(URL, ['toString', 'href', 'origin', 'protocol', 'username', 'password', 'host', 'hostname', 'port', 'pathname',
    'search', 'searchParams', 'hash', 'toJSON'], 'URL');
for (const name of ['canParse', 'parse']) Object.defineProperty(URL, name, { enumerable: true });

const isUrl = (value) => Boolean(value?.href && value.protocol && value.auth === undefined && value.path === undefined);

function fileURLToPath(path) {
    if (typeof path === 'string') path = new URL(path);
    else if (!isUrl(path)) throw invalidArgType('path', ['string', 'URL'], path);
    if (path.protocol !== 'file:') throw make(TypeError, 'ERR_INVALID_URL_SCHEME', 'The URL must be of scheme file');
    if (path.hostname !== '') {
        throw make(TypeError, 'ERR_INVALID_FILE_URL_HOST', 'File URL host must be "localhost" or empty on linux');
    }
    if (/%2f/i.test(path.pathname)) {
        throw make(TypeError, 'ERR_INVALID_FILE_URL_PATH', 'File URL path must not include encoded / characters');
    }
    return decodeURIComponent(path.pathname);
}

const ESCAPES = { '%': '%25', '\\': '%5C', '\n': '%0A', '\r': '%0D', '\t': '%09', '?': '%3F', '#': '%23' };

function pathToFileURL(path) {
    if (typeof path !== 'string') throw invalidArgType('path', 'string', path);
    let full = require('path').resolve(path);
    // resolve takes a slash at the end away.
    if (path.endsWith('/') && !full.endsWith('/')) full += '/';
    return new URL(`file://${full.replace(/[%\\\n\r\t?#]/g, (one) => ESCAPES[one])}`);
}

function domain(convert) {
    return (name) => {
        if (name === undefined) throw missing('domain');
        return convert(`${name}`);
    };
}

module.exports = {
    URL,
    URLSearchParams,
    domainToASCII: domain(native.domainToAscii),
    domainToUnicode: domain(native.domainToUnicode),
    fileURLToPath,
    invalidUrl,
    isUrl,
    pathToFileURL,
    toAscii: native.toAscii,
};
