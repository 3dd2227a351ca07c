'use strict';
// `Request` and `Response` of fetch.

const { Headers, fill, kGuard } = require('internal/fetch/headers');
const { extract, mixIn, split, kBody, used } = require('internal/fetch/body');
const wire = require('internal/http/native');

const kState = Symbol('state');
const UPPER = new Set(['DELETE', 'GET', 'HEAD', 'OPTIONS', 'POST', 'PUT']);
const NULL_BODY = new Set([101, 103, 204, 205, 304]);

function choice(given, name, all, standard) {
    if (given === undefined) return standard;
    if (!all.includes(String(given))) throw new TypeError(`Request constructor: ${given} is not an accepted type. Expected one of ${all.join(', ')} for ${name}.`);
    return String(given);
}

class Request {
    constructor(input, init = {}) {
        if (arguments.length < 1) throw new TypeError('Request constructor: 1 argument required, but only 0 present.');
        const from = input instanceof Request ? input : null;
        let url;
        if (from) url = from[kState].url;
        else {
            try { url = new (require('internal/url').URL)(String(input)); } catch (e) { throw new TypeError('Failed to parse URL from ' + input, { cause: e }); }
            if (url.username || url.password) throw new TypeError('Request cannot be constructed from a URL that includes credentials: ' + url);
        }
        init = init === null ? {} : init;
        const before = from ? from[kState] : {};
        let method = init.method === undefined ? before.method || 'GET' : String(init.method);
        if (!wire.isToken(method)) throw new TypeError(`'${method}' is not a valid HTTP method.`);
        if (/^(?:CONNECT|TRACE|TRACK)$/i.test(method)) throw new TypeError(`'${method}' HTTP method is unsupported.`);
        if (UPPER.has(method.toUpperCase())) method = method.toUpperCase();
        const signal = init.signal === undefined ? before.signal : init.signal;
        if (signal !== null && signal !== undefined && !('aborted' in Object(signal))) {
            throw new TypeError('Request constructor: Expected signal ("' + typeof signal + '") to be an instance of AbortSignal.');
        }
        const redirect = choice(init.redirect, 'redirect', ['follow', 'error', 'manual'], before.redirect || 'follow');
        const { AbortController } = require('internal/abort');
        this[kState] = { url, method, redirect, signal: signal || new AbortController().signal, init };
        this.headers = new Headers(init.headers !== undefined ? init.headers : from ? from.headers : undefined);
        Object.defineProperty(this, 'headers', { writable: false });
        let body;
        if (init.body !== undefined && init.body !== null) {
            if (method === 'GET' || method === 'HEAD') throw new TypeError('Request with GET/HEAD method cannot have body.');
            body = extract(init.body);
            if (body.stream !== null && init.duplex === undefined) throw new TypeError('RequestInit: duplex option is required when sending a body.');
        } else if (from && init.body === undefined && (from[kBody].bytes !== null || from[kBody].stream !== null)) {
            if (from.bodyUsed) throw new TypeError('Cannot construct a Request with a Request object that has already been used.');
            body = { ...from[kBody] };
            from[kBody].used = true;
        } else {
            body = extract(null);
        }
        if (body.type && !this.headers.has('content-type')) this.headers.set('content-type', body.type);
        this[kBody] = body;
    }
    get url() { return this[kState].url.href; }
    get method() { return this[kState].method; }
    get redirect() { return this[kState].redirect; }
    get signal() { return this[kState].signal; }
    get cache() { return this[kState].init.cache || 'default'; }
    get credentials() { return this[kState].init.credentials || 'same-origin'; }
    get mode() { return this[kState].init.mode || 'cors'; }
    get destination() { return ''; }
    get integrity() { return this[kState].init.integrity || ''; }
    get keepalive() { return Boolean(this[kState].init.keepalive); }
    get referrer() { return 'about:client'; }
    get referrerPolicy() { return ''; }
    get duplex() { return 'half'; }
    clone() {
        const body = split(this);
        const made = new Request(this.url, { method: this.method, headers: this.headers, redirect: this.redirect, signal: this.signal });
        made[kBody] = body;
        return made;
    }
    get [Symbol.toStringTag]() { return 'Request'; }
}
mixIn(Request.prototype, 'Request');

class Response {
    constructor(body = null, init = {}) {
        const given = init === null ? {} : init;
        const status = given.status === undefined ? 200 : Number(given.status);
        if (!Number.isInteger(status) || status < 200 || status > 599) throw new RangeError('init["status"] must be in the range of 200 to 599, inclusive.');
        const text = given.statusText === undefined ? '' : String(given.statusText);
        if (!wire.isFieldValue(text)) throw new TypeError('Invalid statusText');
        const content = extract(body);
        if (body !== null && body !== undefined && NULL_BODY.has(status)) throw new TypeError(`Response constructor: Invalid response status code ${status}`);
        this.headers = new Headers(given.headers);
        Object.defineProperty(this, 'headers', { writable: false });
        if (content.type && !this.headers.has('content-type')) this.headers.set('content-type', content.type);
        this[kState] = { status, statusText: text, url: '', redirected: false, type: 'default' };
        this[kBody] = content;
    }
    get status() { return this[kState].status; }
    get statusText() { return this[kState].statusText; }
    get ok() { return this.status >= 200 && this.status <= 299; }
    get url() { return this[kState].url; }
    get redirected() { return this[kState].redirected; }
    get type() { return this[kState].type; }
    clone() { return assemble({ ...this[kState] }, this.headers, split(this)); }
    static error() {
        const made = assemble({ status: 0, statusText: '', url: '', redirected: false, type: 'error' }, undefined, extract(null));
        made.headers[kGuard] = 'immutable';
        return made;
    }
    static json(data, init = {}) {
        const text = JSON.stringify(data);
        if (text === undefined) throw new TypeError('Value is not JSON serializable');
        const made = new Response(text, init);
        if (!init.headers || !new Headers(init.headers).has('content-type')) made.headers.set('content-type', 'application/json');
        return made;
    }
    static redirect(url, status = 302) {
        const target = new (require('internal/url').URL)(String(url));
        if (![301, 302, 303, 307, 308].includes(status)) throw new RangeError(`Invalid status code ${status}`);
        const made = new Response(null, { status });
        made.headers.set('location', target.href);
        made.headers[kGuard] = 'immutable';
        return made;
    }
    get [Symbol.toStringTag]() { return 'Response'; }
}
mixIn(Response.prototype, 'Response');

// A response that no script could make: what came from a server, errors, clones.
function assemble(state, fields, body) {
    const made = new Response(null);
    if (fields !== undefined) fill(made.headers, fields);
    made[kState] = state;
    made[kBody] = body;
    return made;
}

module.exports = { Request, Response, assemble, kState, NULL_BODY, used };
