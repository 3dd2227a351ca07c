'use strict';
// `http`: servers and clients of HTTP/1.1.

const common = require('_http_common');
const { IncomingMessage } = require('_http_incoming');
const { OutgoingMessage, validateHeaderName, validateHeaderValue } = require('_http_outgoing');
const agents = require('_http_agent');
const { ClientRequest } = require('_http_client');
const { Server, ServerResponse, STATUS_CODES, _connectionListener } = require('_http_server');
const { validateInteger } = require('internal/errors');

function createServer(options, listener) { return new Server(options, listener); }

function request(url, options, callback) { return new ClientRequest(url, options, callback); }

function get(url, options, callback) {
    const made = request(url, options, callback);
    made.end();
    return made;
}

let agent;
module.exports = {
    _connectionListener,
    METHODS: common.methods.slice().sort(),
    STATUS_CODES,
    Agent: agents.Agent,
    ClientRequest,
    IncomingMessage,
    OutgoingMessage,
    Server,
    ServerResponse,
    createServer,
    validateHeaderName,
    validateHeaderValue,
    get,
    request,
    setMaxIdleHTTPParsers(max) { validateInteger(max, 'max', 1); },
};
Object.defineProperty(module.exports, 'maxHeaderSize', { get: () => common.maxHeaderSize, configurable: true, enumerable: true });
Object.defineProperty(module.exports, 'globalAgent', {
    get: () => agent || agents.globalAgent,
    set: (value) => { agent = value; agents.globalAgent = value; },
    configurable: true,
    enumerable: true,
});
