'use strict';
// `fetch`, over `http` and `https`.

const { Request, Response, assemble, kState, NULL_BODY } = require('internal/fetch/message');
const { Headers, kGuard, FRAMING } = require('internal/fetch/headers');
const { ReadableStream } = require('internal/fetch/stream');
const { kBody } = require('internal/fetch/body');
const { URL } = require('internal/url');

const MAX_REDIRECTS = 20;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);
// Of the body, not of the request that comes after a redirect without it.
const CONTENT = ['content-encoding', 'content-language', 'content-location', 'content-type', 'content-length'];

function networkError(cause) { return new TypeError('fetch failed', { cause }); }

function decoders() {
    try { return require('zlib'); } catch (e) { if (e.code === 'MODULE_NOT_FOUND') return undefined; throw e; }
}

async function fetch(input, init = undefined) {
    const request = new Request(input, init === undefined ? {} : init);
    const { signal } = request;
    if (signal.aborted) throw signal.reason;
    let url = request[kState].url, method = request.method, body = request[kBody];
    const headers = new Headers(request.headers);
    for (let hops = 0; ; hops++) {
        if (url.protocol === 'data:') return dataResponse(url);
        if (url.protocol !== 'http:' && url.protocol !== 'https:') throw networkError(new Error('unknown scheme'));
        const answer = await exchange(url, method, headers, body, signal);
        const location = answer.message.headers.location;
        if (!REDIRECTS.has(answer.message.statusCode) || request.redirect === 'manual' || location === undefined) {
            return respond(answer, url, hops > 0, method, signal);
        }
        answer.message.resume();
        answer.stop();
        if (request.redirect === 'error') throw networkError(new Error('unexpected redirect'));
        if (hops >= MAX_REDIRECTS) throw networkError(new Error('redirect count exceeded'));
        let next;
        try { next = new URL(location, url); } catch (e) { throw networkError(e); }
        if (!next.hash) next.hash = url.hash;
        const status = answer.message.statusCode;
        if ((status === 303 && method !== 'GET' && method !== 'HEAD') || ((status === 301 || status === 302) && method === 'POST')) {
            method = 'GET';
            body = { bytes: null, stream: null, length: null, type: null };
            for (const name of CONTENT) headers.delete(name);
        } else if (body.stream !== null && body.bytes === null) {
            throw networkError(new Error('a body that was sent cannot be sent again'));
        }
        // What was meant for one server is not another's.
        if (next.origin !== url.origin) for (const name of ['authorization', 'cookie', 'host', 'proxy-authorization']) headers.delete(name);
        url = next;
    }
}

// One request and the head of its answer.
function exchange(url, method, headers, body, signal) {
    return new Promise((resolve, reject) => {
        const fields = {};
        for (const [name, value] of headers) {
            if (FRAMING.has(name)) continue;
            fields[name] = fields[name] === undefined ? value : [].concat(fields[name], value);
        }
        if (fields.accept === undefined) fields.accept = '*/*';
        if (fields['accept-language'] === undefined) fields['accept-language'] = '*';
        if (fields['user-agent'] === undefined) fields['user-agent'] = 'node';
        if (fields['accept-encoding'] === undefined && decoders() !== undefined) fields['accept-encoding'] = 'gzip, deflate';
        if (body.bytes !== null) fields['content-length'] = String(body.length);
        else if (body.stream !== null) fields['transfer-encoding'] = 'chunked';
        else if (method === 'POST' || method === 'PUT' || method === 'PATCH') fields['content-length'] = '0';
        const http = url.protocol === 'https:' ? require('https') : require('http');
        let request;
        try {
            request = http.request(url, { method, headers: fields });
        } catch (e) {
            reject(e.code === 'ERR_ACCESS_DENIED' ? e : networkError(e));
            return;
        }
        const abort = () => {
            reject(signal.reason);
            request.destroy(signal.reason);
        };
        const stop = () => signal.removeEventListener('abort', abort);
        signal.addEventListener('abort', abort);
        request.on('response', (message) => resolve({ message, stop, request }));
        request.on('error', (e) => {
            stop();
            reject(signal.aborted ? signal.reason : networkError(e));
        });
        if (body.bytes !== null) request.end(body.bytes);
        else if (body.stream !== null) send(body.stream, request).catch((e) => { reject(e); request.destroy(e); });
        else request.end();
    });
}

async function send(stream, request) {
    for await (const chunk of stream) {
        if (!(chunk instanceof Uint8Array)) throw new TypeError('Received non-Uint8Array chunk');
        if (request.destroyed) return;
        if (!request.write(chunk)) {
            await new Promise((resolve) => {
                request.once('drain', resolve);
                request.once('close', resolve);
            });
        }
    }
    request.end();
}

function respond({ message, stop, request }, url, redirected, method, signal) {
    const fields = [];
    for (let i = 0; i < message.rawHeaders.length; i += 2) fields.push([message.rawHeaders[i], message.rawHeaders[i + 1]]);
    let body = { bytes: null, stream: null, length: null, type: null };
    if (method === 'HEAD' || NULL_BODY.has(message.statusCode)) {
        message.resume();
        message.on('end', stop);
    } else {
        body.stream = streamOf(decoded(message, method), message, request, stop, signal);
    }
    const state = { status: message.statusCode, statusText: message.statusMessage, url: withoutHash(url), redirected, type: 'basic' };
    const made = assemble(state, fields, body);
    made.headers[kGuard] = 'immutable';
    return made;
}

function withoutHash(url) { return url.href.slice(0, url.href.length - url.hash.length); }

function decoded(message) {
    const coding = (message.headers['content-encoding'] || '').toLowerCase();
    if (coding === '') return message;
    const zlib = decoders();
    if (zlib === undefined) return message;
    let stream = message;
    // The last applied comes off first; one that we do not know leaves the body as it is.
    const codings = coding.split(',').map((one) => one.trim()).reverse();
    const makers = { gzip: () => zlib.createGunzip(), 'x-gzip': () => zlib.createGunzip(), deflate: () => zlib.createInflate(),
        br: zlib.createBrotliDecompress && (() => zlib.createBrotliDecompress()) };
    if (codings.length > 5 || !codings.every((one) => typeof makers[one] === 'function')) return message;
    for (const one of codings) {
        const next = makers[one]();
        const from = stream;
        from.on('error', (e) => next.destroy(e));
        stream = from.pipe(next);
    }
    return stream;
}

// Reads on when the reader asks for more, and not before.
function streamOf(source, message, request, stop, signal) {
    let controller, over = false, waiting = null;
    const fail = (reason) => {
        if (over) return;
        over = true;
        stop();
        controller.error(reason);
        if (waiting) waiting();
    };
    const aborted = () => fail(signal.reason);
    signal.addEventListener('abort', aborted);
    source.on('data', (chunk) => {
        if (over) return;
        source.pause();
        controller.enqueue(new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.length));
        if (waiting) { waiting(); waiting = null; }
    });
    source.pause();
    source.on('end', () => {
        if (over) return;
        over = true;
        stop();
        signal.removeEventListener('abort', aborted);
        controller.close();
        if (waiting) waiting();
    });
    const broken = (e) => fail(signal.aborted ? signal.reason : new TypeError('terminated', { cause: e }));
    source.on('error', broken);
    if (source !== message) message.on('error', broken);
    message.on('aborted', () => broken(new Error('other side closed')));
    return new ReadableStream({
        start(made) { controller = made; },
        pull() {
            if (over) return undefined;
            return new Promise((resolve) => {
                waiting = resolve;
                source.resume();
            });
        },
        cancel() {
            over = true;
            stop();
            request.destroy();
        },
    }, { highWaterMark: 0 });
}

// RFC 2397.
function dataResponse(url) {
    const found = /^data:([^,]*?)(;base64)?,(.*)$/is.exec(withoutHash(url));
    if (!found) throw networkError(new Error('invalid data URL'));
    const bytes = Buffer.from(unescapeBytes(found[3]), 'latin1');
    const body = found[2] ? Buffer.from(bytes.toString('latin1').replace(/\s/g, ''), 'base64') : bytes;
    return new Response(body, { headers: { 'content-type': found[1] || 'text/plain;charset=US-ASCII' } });
}

function unescapeBytes(text) { return text.replace(/%([0-9a-f]{2})/gi, (_, hex) => String.fromCharCode(parseInt(hex, 16))); }

module.exports = { fetch };
