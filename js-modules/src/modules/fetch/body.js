'use strict';
// What `Request` and `Response` have in common: a body that is read once.

const { ReadableStream } = require('internal/fetch/stream');
const { Blob, bytesOf } = require('internal/blob');
const { FormData, encode, decode } = require('internal/fetch/form');

const kBody = Symbol('body');

// What a script gave as body: { bytes or stream, length, type }.
function extract(value) {
    if (value === null || value === undefined) return { bytes: null, stream: null, length: null, type: null };
    const of = (bytes, type) => ({ bytes, stream: null, length: bytes.length, type });
    if (value instanceof ReadableStream) {
        if (value.locked || value._state.disturbed) throw new TypeError('Response body object should not be disturbed or locked');
        return { bytes: null, stream: value, length: null, type: null };
    }
    if (value instanceof Blob) return of(bytesOf(value), value.type || null);
    if (value instanceof FormData) { const made = encode(value); return of(made.bytes, made.type); }
    if (value instanceof require('internal/url').URLSearchParams) return of(Buffer.from(value.toString()), 'application/x-www-form-urlencoded;charset=UTF-8');
    if (value instanceof ArrayBuffer) return of(Buffer.from(value.slice(0)), null);
    if (ArrayBuffer.isView(value)) return of(Buffer.from(Buffer.from(value.buffer, value.byteOffset, value.byteLength)), null);
    if (typeof value === 'object' && typeof value[Symbol.asyncIterator] === 'function') {
        return { bytes: null, stream: ReadableStream.from(value), length: null, type: null };
    }
    return of(Buffer.from(String(value)), 'text/plain;charset=UTF-8');
}

function streamOf(state) {
    if (state.stream === null && state.bytes !== null) {
        const bytes = state.bytes;
        let sent = bytes.length === 0;
        state.stream = new ReadableStream({
            pull(controller) {
                if (sent) { controller.close(); return; }
                sent = true;
                controller.enqueue(new Uint8Array(bytes));
            },
        }, { highWaterMark: 0 });
    }
    return state.stream;
}

function used(state) { return state.used || (state.stream !== null && state.stream._state.disturbed); }

async function consume(object, name) {
    const state = object[kBody];
    if (used(state) || (state.stream !== null && state.stream.locked)) throw new TypeError('Body is unusable: Body has already been read');
    if (state.stream === null) {
        if (state.bytes === null) return Buffer.alloc(0);
        state.used = true;
        return state.bytes;
    }
    state.used = true;
    const pieces = [], limit = require('buffer').constants.MAX_LENGTH;
    let size = 0;
    for await (const piece of state.stream) {
        if (!(piece instanceof Uint8Array)) throw new TypeError(`${name}: Received non-Uint8Array chunk`);
        size += piece.length;
        if (size > limit) throw new TypeError(`${name}: the body is over ${limit} bytes`);
        pieces.push(piece);
    }
    return Buffer.concat(pieces);
}

// Two bodies out of one that was not read yet.
function split(object) {
    const state = object[kBody];
    if (used(state) || (state.stream !== null && state.stream.locked)) throw new TypeError('Response.clone: Body has already been consumed.');
    if (state.stream === null) return { ...state };
    const [ours, theirs] = state.stream.tee();
    state.stream = ours;
    return { ...state, stream: theirs };
}

function mixIn(prototype, name) {
    const methods = {
        async text() { return new TextDecoder().decode(await consume(this, name)); },
        async json() { return JSON.parse(new TextDecoder().decode(await consume(this, name))); },
        async arrayBuffer() {
            const bytes = await consume(this, name);
            return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length);
        },
        async bytes() { return new Uint8Array(await consume(this, name)); },
        async blob() { return new Blob([await consume(this, name)], { type: this.headers.get('content-type') || '' }); },
        async formData() { return decode(await consume(this, name), this.headers.get('content-type') || ''); },
    };
    for (const key of Object.keys(methods)) Object.defineProperty(prototype, key, { value: methods[key], writable: true, configurable: true });
    Object.defineProperty(prototype, 'body', { get: function () { return streamOf(this[kBody]); }, configurable: true });
    Object.defineProperty(prototype, 'bodyUsed', { get: function () { return used(this[kBody]); }, configurable: true });
}

module.exports = { extract, mixIn, split, streamOf, kBody, used };
