'use strict';
// What programs need that offer HTTP/2 and can do without: the names. There is no HTTP/2 here, and calls say so.

const { make } = require('internal/errors');
const { IncomingMessage } = require('_http_incoming');
const { ServerResponse } = require('_http_server');

function missing(name) {
    return { [name]() {
        throw make(TypeError, 'ERR_FEATURE_UNAVAILABLE_ON_PLATFORM', `http2.${name}: this host speaks HTTP/1.1 only`);
    } }[name];
}

// Names of fields; those with a colon are the protocol's own.
const FIELDS = {
    STATUS: ':status', METHOD: ':method', AUTHORITY: ':authority', SCHEME: ':scheme', PATH: ':path', PROTOCOL: ':protocol',
};
const PLAIN = ['accept', 'accept-charset', 'accept-encoding', 'accept-language', 'accept-ranges', 'age', 'allow', 'authorization',
    'cache-control', 'connection', 'content-disposition', 'content-encoding', 'content-language', 'content-length',
    'content-location', 'content-range', 'content-type', 'cookie', 'date', 'etag', 'expect', 'expires', 'forwarded', 'from', 'host',
    'http2-settings', 'if-match', 'if-modified-since', 'if-none-match', 'if-range', 'if-unmodified-since', 'keep-alive',
    'last-modified', 'link', 'location', 'origin', 'prefer', 'proxy-authenticate', 'proxy-authorization', 'proxy-connection',
    'range', 'referer', 'refresh', 'retry-after', 'server', 'set-cookie', 'te', 'trailer', 'transfer-encoding', 'upgrade',
    'user-agent', 'vary', 'via', 'www-authenticate'];
// In the order of their numbers (RFC 9113, section 7).
const CODES = ['NO_ERROR', 'PROTOCOL_ERROR', 'INTERNAL_ERROR', 'FLOW_CONTROL_ERROR', 'SETTINGS_TIMEOUT', 'STREAM_CLOSED',
    'FRAME_SIZE_ERROR', 'REFUSED_STREAM', 'CANCEL', 'COMPRESSION_ERROR', 'CONNECT_ERROR', 'ENHANCE_YOUR_CALM',
    'INADEQUATE_SECURITY', 'HTTP_1_1_REQUIRED'];

const constants = Object.create(null);
CODES.forEach((name, code) => { constants[`NGHTTP2_${name}`] = code; });
for (const name of Object.keys(FIELDS)) constants[`HTTP2_HEADER_${name}`] = FIELDS[name];
for (const name of PLAIN) constants[`HTTP2_HEADER_${name.replaceAll('-', '_').toUpperCase()}`] = name;
for (const name of require('_http_common').methods) constants[`HTTP2_METHOD_${name.replaceAll('-', '_')}`] = name;
const codes = require('_http_server').STATUS_CODES;
for (const code of Object.keys(codes)) {
    constants[`HTTP_STATUS_${codes[code].replace(/'/g, '').replace(/[ -]/g, '_').toUpperCase()}`] = Number(code);
}

module.exports = {
    Http2ServerRequest: class Http2ServerRequest extends IncomingMessage {},
    Http2ServerResponse: class Http2ServerResponse extends ServerResponse {},
    connect: missing('connect'),
    constants,
    createSecureServer: missing('createSecureServer'),
    createServer: missing('createServer'),
    sensitiveHeaders: Symbol('sensitiveHeaders'),
};
