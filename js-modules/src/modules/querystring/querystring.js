'use strict';

const { make } = require('internal/errors');

function escape(value) {
    const text = typeof value === 'string' ? value : typeof value === 'object' ? String(value) : `${value}`;
    // A high half of a pair takes whatever follows it for the low half, as Node does; alone it is an error.
    const paired = text.replace(/[\ud800-\udbff](?![\udc00-\udfff])([^])/g, (both, next) => both[0]
        + String.fromCharCode(0xDC00 | (next.charCodeAt(0) & 0x3FF)));
    try {
        return encodeURIComponent(paired);
    } catch {
        throw make(URIError, 'ERR_INVALID_URI', 'URI malformed');
    }
}

// Bytes of percent escapes; wrong escapes stay as they are.
function unescapeBuffer(text, decodeSpaces) {
    const input = Buffer.from(text);
    const out = Buffer.allocUnsafe(input.length);
    let length = 0;
    for (let at = 0; at < input.length; at++) {
        const byte = input[at];
        if (byte === 0x25 && /^[0-9a-fA-F]{2}$/.test(text.slice(at + 1, at + 3)) && at + 2 < input.length) {
            out[length++] = parseInt(text.slice(at + 1, at + 3), 16);
            at += 2;
        } else {
            out[length++] = decodeSpaces && byte === 0x2B ? 0x20 : byte;
        }
    }
    return out.subarray(0, length);
}

function unescape(text, decodeSpaces) {
    try {
        return decodeURIComponent(text);
    } catch {
        return unescapeBuffer(Buffer.from(text).toString('latin1'), decodeSpaces).toString();
    }
}

function primitive(value) {
    switch (typeof value) {
        case 'string': return value;
        case 'number': return Number.isFinite(value) ? String(value) : '';
        case 'bigint': return String(value);
        case 'boolean': return value ? 'true' : 'false';
        default: return '';
    }
}

function stringify(object, separator = '&', equals = '=', options) {
    if (object === null || typeof object !== 'object') return '';
    const encode = typeof options?.encodeURIComponent === 'function' ? options.encodeURIComponent : exports.escape;
    const fields = [];
    for (const key of Object.keys(object)) {
        const value = object[key];
        const name = encode(primitive(key));
        for (const one of Array.isArray(value) ? value : [value]) {
            fields.push(`${name}${equals || '='}${encode(primitive(one))}`);
        }
    }
    return fields.join(separator || '&');
}

function parse(text, separator = '&', equals = '=', options) {
    const result = Object.create(null);
    if (typeof text !== 'string' || text === '') return result;
    const decode = typeof options?.decodeURIComponent === 'function' ? options.decodeURIComponent : exports.unescape;
    const limit = typeof options?.maxKeys === 'number' ? options.maxKeys : 1000;
    const sep = `${separator || '&'}`;
    const eq = `${equals || '='}`;
    const plain = (part) => {
        const spaced = part.replaceAll('+', ' ');
        try {
            return decode(spaced);
        } catch {
            return unescape(spaced, true);
        }
    };
    let count = 0;
    for (const field of text.split(sep)) {
        // Empty fields count, as in Node.
        if (limit > 0 && ++count > limit) break;
        if (field === '') continue;
        const at = field.indexOf(eq);
        const key = plain(at < 0 ? field : field.slice(0, at));
        const value = at < 0 ? '' : plain(field.slice(at + eq.length));
        if (!(key in result)) result[key] = value;
        else if (Array.isArray(result[key])) result[key].push(value);
        else result[key] = [result[key], value];
    }
    return result;
}

exports.escape = escape;
exports.unescape = unescape;
exports.unescapeBuffer = unescapeBuffer;
exports.stringify = stringify;
exports.encode = stringify;
exports.parse = parse;
exports.decode = parse;
