'use strict';

// The forms of `url` from before the URL standard, and the module's exports.

const whatwg = require('internal/url');
const querystring = require('querystring');
const { invalidArgType, validateString } = require('internal/errors');

const { URL, invalidUrl } = whatwg;

const PARTS = ['protocol', 'slashes', 'auth', 'host', 'port', 'hostname', 'hash', 'search', 'query', 'pathname', 'path', 'href'];

function Url() {
    for (const part of PARTS) this[part] = null;
}

// Schemes whose URLs have two slashes even where the text has none.
const SLASHED = new Set(['http', 'https', 'ftp', 'gopher', 'file', 'ws', 'wss'].flatMap((one) => [one, `${one}:`]));
// Schemes without a host.
const HOSTLESS = new Set(['javascript', 'javascript:']);

const PLAIN_PATH = /^(\/\/?(?!\/)[^?\s]*)(\?[^\s]*)?$/;
const UNSAFE = /[\t\n\r "'<>\\^`{|}]/g;

function parse(url, parseQuery = false, slashesDenoteHost = false) {
    if (url instanceof Url) return url;
    const result = new Url();
    result.parse(url, parseQuery, slashesDenoteHost);
    return result;
}

// Backslashes before the query are slashes; white space around does not count.
function tidy(text) {
    const trimmed = text.replace(/^[\s\uFEFF\u00A0]+|[\s\uFEFF\u00A0]+$/g, '');
    const cut = trimmed.search(/[?#]/);
    if (cut < 0) return trimmed.replaceAll('\\', '/');
    return trimmed.slice(0, cut).replaceAll('\\', '/') + trimmed.slice(cut);
}

Url.prototype.parse = function (url, parseQuery, slashesDenoteHost) {
    validateString(url, 'url');
    let rest = tidy(url);
    if (!slashesDenoteHost && !/[#@]/.test(rest)) {
        const simple = PLAIN_PATH.exec(rest);
        if (simple) {
            this.path = this.href = rest;
            [, this.pathname] = simple;
            if (simple[2]) {
                [, , this.search] = simple;
                this.query = parseQuery ? querystring.parse(this.search.slice(1)) : this.search.slice(1);
            } else if (parseQuery) {
                this.search = null;
                this.query = Object.create(null);
            }
            return this;
        }
    }
    const scheme = /^[a-z0-9.+-]+:/i.exec(rest)?.[0];
    const protocol = scheme?.toLowerCase();
    if (scheme) {
        this.protocol = protocol;
        rest = rest.slice(scheme.length);
    }
    let slashes = false;
    if (slashesDenoteHost || scheme || /^\/\/[^@/]+@[^@/]+/.test(rest)) {
        slashes = rest.startsWith('//');
        if (slashes && !HOSTLESS.has(protocol)) {
            rest = rest.slice(2);
            this.slashes = true;
        }
    }
    if (!HOSTLESS.has(protocol) && (slashes || (scheme && !SLASHED.has(scheme)))) rest = this._authority(rest, url);
    if (protocol !== 'javascript:') rest = rest.replace(UNSAFE, (one) => encodeURIComponent(one).replace("'", '%27'));
    this._tail(rest, parseQuery);
    if (SLASHED.has(protocol) && this.hostname && !this.pathname) this.pathname = '/';
    if (this.pathname || this.search) this.path = (this.pathname ?? '') + (this.search ?? '');
    this.href = this.format();
    return this;
};

// Takes user, host and port off the front; gives back what follows.
Url.prototype._authority = function (rest, url) {
    // The last @ before the end of the host ends the user's part, which may hold what a host may not.
    let [end, host, at] = [-1, -1, -1];
    for (let i = 0; i < rest.length && end < 0; i++) {
        const one = rest[i];
        if (one === '/' || one === '?' || one === '#') end = i;
        else if (/[\t\n\r]/.test(one)) rest = rest.slice(0, i) + rest.slice(i-- + 1);
        else if (one === '@') [at, host] = [i, -1];
        else if (host < 0 && /[ "%';<>\\^`{|}]/.test(one)) host = i;
    }
    const stop = host >= 0 ? host : end;
    const start = at + 1;
    if (at >= 0) this.auth = decodeURIComponent(rest.slice(0, at));
    this.host = stop < 0 ? rest.slice(start) : rest.slice(start, stop);
    rest = stop < 0 ? '' : rest.slice(stop);
    this.parseHost();
    if (typeof this.hostname !== 'string') this.hostname = '';
    const bracketed = isBracketed(this.hostname);
    if (!bracketed) {
        const wrong = this.hostname.search(/[^a-zA-Z0-9.\-+_\u0080-\uFFFF]/);
        if (wrong >= 0) {
            rest = `/${this.hostname.slice(wrong)}${rest}`;
            this.hostname = this.hostname.slice(0, wrong);
        }
    }
    this.hostname = this.hostname.length > 255 ? '' : this.hostname.toLowerCase();
    if (this.hostname !== '') {
        if (bracketed) {
            if (/[\0\t\n\r #%/<>?@\\^|]/.test(this.hostname)) throw invalidUrl(url);
        } else {
            this.hostname = whatwg.toAscii(this.hostname);
            // Empty by the conversion, or more than a host now: both would point elsewhere.
            if (this.hostname === '' || /[\0\t\n\r #%/:<>?@[\\\]^|]/.test(this.hostname)) throw invalidUrl(url);
        }
    }
    this.host = (this.hostname || '') + (this.port ? `:${this.port}` : '');
    if (bracketed) {
        this.hostname = this.hostname.slice(1, -1);
        if (rest[0] !== '/') rest = `/${rest}`;
    }
    return rest;
};

Url.prototype._tail = function (rest, parseQuery) {
    const hash = rest.indexOf('#');
    if (hash >= 0) {
        this.hash = rest.slice(hash);
        rest = rest.slice(0, hash);
    }
    const question = rest.indexOf('?');
    if (question >= 0) {
        this.search = rest.slice(question);
        this.query = this.search.slice(1);
        if (parseQuery) this.query = querystring.parse(this.query);
        rest = rest.slice(0, question);
    } else if (parseQuery) {
        this.search = null;
        this.query = Object.create(null);
    }
    if (rest !== '') this.pathname = rest;
};

const isBracketed = (hostname) => hostname.startsWith('[') && hostname.endsWith(']');

Url.prototype.parseHost = function () {
    let host = this.host;
    const port = /:[0-9]*$/.exec(host)?.[0];
    if (port !== undefined) {
        if (port !== ':') this.port = port.slice(1);
        host = host.slice(0, host.length - port.length);
    }
    if (host) this.hostname = host;
};

function format(url, options = undefined) {
    if (typeof url === 'string') return parse(url).format();
    if (typeof url !== 'object' || url === null) throw invalidArgType('urlObject', ['Object', 'string'], url);
    if (!(url instanceof URL)) return Url.prototype.format.call(url);
    if (options !== undefined && options !== null && typeof options !== 'object') throw invalidArgType('options', 'Object', options);
    return formatUrl(url, { fragment: true, unicode: false, search: true, auth: true, ...options });
}

function formatUrl(url, { fragment, unicode, search, auth }) {
    const copy = new URL(url.href);
    if (!fragment) copy.hash = '';
    if (!search) copy.search = '';
    if (!auth) [copy.username, copy.password] = ['', ''];
    if (!unicode || copy.hostname === '') return copy.href;
    const user = copy.username + (copy.password === '' ? '' : `:${copy.password}`);
    const host = whatwg.domainToUnicode(copy.hostname) + (copy.port === '' ? '' : `:${copy.port}`);
    return `${copy.protocol}//${user === '' ? '' : `${user}@`}${host}${copy.pathname}${copy.search}${copy.hash}`;
}

Url.prototype.format = function () {
    const auth = this.auth ? `${encodeURIComponent(this.auth).replaceAll('%3A', ':')}@` : '';
    let protocol = this.protocol || '';
    let pathname = this.pathname || '';
    let hash = this.hash || '';
    let host = '';
    if (this.host) {
        host = auth + this.host;
    } else if (this.hostname) {
        const plain = !this.hostname.includes(':') || isBracketed(this.hostname);
        host = auth + (plain ? this.hostname : `[${this.hostname}]`) + (this.port ? `:${this.port}` : '');
    }
    const query = this.query !== null && typeof this.query === 'object' ? querystring.stringify(this.query) : '';
    let search = this.search || (query && `?${query}`) || '';
    if (protocol && !protocol.endsWith(':')) protocol += ':';
    pathname = pathname.replace(/[#?]/g, encodeURIComponent);
    if (this.slashes || SLASHED.has(protocol)) {
        if (this.slashes || host) {
            if (pathname && pathname[0] !== '/') pathname = `/${pathname}`;
            host = `//${host}`;
        } else if (protocol.startsWith('file')) {
            host = '//';
        }
    }
    search = search.replaceAll('#', '%23');
    if (hash && hash[0] !== '#') hash = `#${hash}`;
    if (search && search[0] !== '?') search = `?${search}`;
    return protocol + host + pathname + search + hash;
};

function resolve(from, to) {
    return parse(from, false, true).resolve(to);
}

function resolveObject(from, to) {
    return from ? parse(from, false, true).resolveObject(to) : to;
}

Url.prototype.resolve = function (relative) {
    return this.resolveObject(parse(relative, false, true)).format();
};

// Segments of a path, its leading empty one included; none for no path.
const segments = (pathname) => (pathname ? pathname.split('/') : []);

Url.prototype.resolveObject = function (relative) {
    if (typeof relative === 'string') relative = parse(relative, false, true);
    const result = Object.assign(new Url(), this);
    result.hash = relative.hash;
    if (relative.href === '') {
        result.href = result.format();
        return result;
    }
    if (relative.slashes && !relative.protocol) return networkPath(result, relative);
    if (relative.protocol && relative.protocol !== result.protocol) return otherScheme(result, relative);
    return samePlace(result, relative);
};

// `//host/path` takes all but the scheme.
function networkPath(result, relative) {
    for (const key of Object.keys(relative)) if (key !== 'protocol') result[key] = relative[key];
    if (SLASHED.has(result.protocol) && result.hostname && !result.pathname) result.path = result.pathname = '/';
    result.href = result.format();
    return result;
}

function otherScheme(result, relative) {
    if (!SLASHED.has(relative.protocol)) {
        Object.assign(result, relative);
        result.href = result.format();
        return result;
    }
    result.protocol = relative.protocol;
    if (!relative.host && !/^file:?$/.test(relative.protocol) && !HOSTLESS.has(relative.protocol)) {
        // `http:host/path` without slashes: the first segment that is not empty is the host.
        const path = (relative.pathname || '').split('/');
        while (path.length && !(relative.host = path.shift()));
        relative.host ||= '';
        relative.hostname ||= '';
        if (path[0] !== '') path.unshift('');
        if (path.length < 2) path.unshift('');
        result.pathname = path.join('/');
    } else {
        result.pathname = relative.pathname;
    }
    result.search = relative.search;
    result.query = relative.query;
    result.host = relative.host || '';
    result.auth = relative.auth;
    result.hostname = relative.hostname || relative.host;
    result.port = relative.port;
    if (result.pathname || result.search) result.path = (result.pathname || '') + (result.search || '');
    result.slashes ||= relative.slashes;
    result.href = result.format();
    return result;
}

function samePlace(result, relative) {
    const ours = result.pathname?.[0] === '/';
    const absolute = Boolean(relative.host) || relative.pathname?.[0] === '/';
    let mustBeAbsolute = absolute || ours || Boolean(result.host && relative.pathname);
    const removeAllDots = mustBeAbsolute;
    let path = segments(result.pathname);
    const theirs = segments(relative.pathname);
    const unslashed = result.protocol && !SLASHED.has(result.protocol);
    // A scheme without slashes keeps its "host" as the first segment meanwhile.
    if (unslashed) {
        result.hostname = '';
        result.port = null;
        if (result.host) putFirst(path, result.host);
        result.host = '';
        if (relative.protocol) {
            relative.hostname = null;
            relative.port = null;
            result.auth = null;
            if (relative.host) putFirst(theirs, relative.host);
            relative.host = null;
        }
        mustBeAbsolute &&= theirs[0] === '' || path[0] === '';
    }
    if (absolute) {
        if (relative.host || relative.host === '') {
            if (result.host !== relative.host) result.auth = null;
            result.host = relative.host;
            result.port = relative.port;
        }
        if (relative.hostname || relative.hostname === '') {
            if (result.hostname !== relative.hostname) result.auth = null;
            result.hostname = relative.hostname;
        }
        result.search = relative.search;
        result.query = relative.query;
        path = theirs;
    } else if (theirs.length) {
        path.pop();
        path = path.concat(theirs);
        result.search = relative.search;
        result.query = relative.query;
    } else if (relative.search !== null && relative.search !== undefined) {
        if (unslashed) {
            result.hostname = result.host = path.shift();
            takeUser(result);
        }
        result.search = relative.search;
        result.query = relative.query;
        if (result.pathname !== null || result.search !== null) result.path = (result.pathname || '') + (result.search || '');
        result.href = result.format();
        return result;
    }
    if (!path.length) {
        result.pathname = null;
        result.path = result.search ? `/${result.search}` : null;
        result.href = result.format();
        return result;
    }
    return settle(result, relative, withoutDots(path, mustBeAbsolute, removeAllDots, result.host || relative.host), unslashed);
}

function putFirst(path, host) {
    if (path[0] === '') path[0] = host;
    else path.unshift(host);
}

function takeUser(result) {
    const both = result.host?.indexOf('@') > 0 && result.host.split('@');
    if (both) {
        result.auth = both.shift();
        result.host = result.hostname = both.shift();
    }
}

function withoutDots(path, mustBeAbsolute, removeAllDots, host) {
    const last = path[path.length - 1];
    const folder = ((host || path.length > 1) && (last === '.' || last === '..')) || last === '';
    // From the end: each `..` takes the next real segment away.
    let up = 0;
    for (let at = path.length - 1; at >= 0; at--) {
        if (path[at] === '.') {
            path.splice(at, 1);
        } else if (path[at] === '..') {
            path.splice(at, 1);
            up++;
        } else if (up > 0) {
            path.splice(at, 1);
            up--;
        }
    }
    if (!mustBeAbsolute && !removeAllDots) for (; up > 0; up--) path.unshift('..');
    if (mustBeAbsolute && path[0] !== '' && path[0]?.[0] !== '/') path.unshift('');
    if (folder && !path.join('/').endsWith('/')) path.push('');
    return { path, mustBeAbsolute };
}

function settle(result, relative, { path, mustBeAbsolute }, unslashed) {
    const absolute = path[0] === '' || path[0]?.[0] === '/';
    if (unslashed) {
        result.hostname = result.host = absolute ? '' : path.length ? path.shift() : '';
        takeUser(result);
    }
    mustBeAbsolute ||= Boolean(result.host && path.length);
    if (mustBeAbsolute && !absolute) path.unshift('');
    if (path.length) {
        result.pathname = path.join('/');
    } else {
        result.pathname = null;
        result.path = null;
    }
    if (result.pathname !== null || result.search !== null) result.path = (result.pathname || '') + (result.search || '');
    result.auth = relative.auth || result.auth;
    result.slashes ||= relative.slashes;
    result.href = result.format();
    return result;
}

// What http.request takes.
function urlToHttpOptions(url) {
    const { hostname, pathname, port, username, password, search } = url;
    const options = {
        __proto__: null,
        ...url,
        protocol: url.protocol,
        hostname: hostname && isBracketed(hostname) ? hostname.slice(1, -1) : hostname,
        hash: url.hash,
        search,
        pathname,
        path: `${pathname || ''}${search || ''}`,
        href: url.href,
    };
    if (port !== '') options.port = Number(port);
    if (username || password) options.auth = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
    return options;
}

module.exports = {
    Url,
    parse,
    resolve,
    resolveObject,
    format,
    URL,
    URLSearchParams: whatwg.URLSearchParams,
    domainToASCII: whatwg.domainToASCII,
    domainToUnicode: whatwg.domainToUnicode,
    pathToFileURL: whatwg.pathToFileURL,
    fileURLToPath: whatwg.fileURLToPath,
    urlToHttpOptions,
};
