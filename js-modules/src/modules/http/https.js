'use strict';
// `https`: the same over TLS.

const http = require('http');
const { Agent: HttpAgent } = require('_http_agent');
const { ClientRequest, argumentsOf } = require('_http_client');
const { setUp, methodsOfServer, _connectionListener } = require('_http_server');
const { invalidArgType } = require('internal/errors');

let ServerClass;
// Made when first asked for: clients need no server, and neither loads TLS before a connection.
function serverClass() {
    if (ServerClass === undefined) ServerClass = makeServer(require('tls'));
    return ServerClass;
}

function makeServer(tls) {
    function Server(options, listener) {
        if (!(this instanceof Server)) return new Server(options, listener);
        let given = {};
        if (typeof options === 'function') listener = options;
        else if (options === undefined || options === null) given = {};
        else if (typeof options !== 'object') throw invalidArgType('options', 'object', options);
        else given = { ...options };
        setUp(this, given, listener);
        if (!given.ALPNProtocols && !given.ALPNCallback) given.ALPNProtocols = ['http/1.1'];
        tls.Server.call(this, given, _connectionListener);
        this.httpAllowHalfOpen = false;
        this.on('tlsClientError', (error, socket) => {
            if (!this.emit('clientError', error, socket)) socket.destroy(error);
        });
    }
    Object.setPrototypeOf(Server.prototype, tls.Server.prototype);
    Object.setPrototypeOf(Server, tls.Server);
    Object.assign(Server.prototype, methodsOfServer);
    Server.prototype.close = function close(...args) {
        this._httpClosed = true;
        this.closeIdleConnections();
        return tls.Server.prototype.close.apply(this, args);
    };
    Server.prototype[Symbol.for('nodejs.rejection')] = http.Server.prototype[Symbol.for('nodejs.rejection')];
    return Server;
}

function createServer(options, listener) { return new (serverClass())(options, listener); }

function createConnection(port, host, options) {
    if (port !== null && typeof port === 'object') options = port;
    else if (host !== null && typeof host === 'object') options = { ...host };
    else options = options === null || typeof options !== 'object' ? {} : { ...options };
    if (typeof port === 'number') options.port = port;
    if (typeof host === 'string') options.host = host;
    if (options._agentKey) {
        const session = this._getSession(options._agentKey);
        if (session) options = { session, ...options };
    }
    const socket = require('tls').connect(options);
    if (options._agentKey) {
        socket.on('session', (session) => this._cacheSession(options._agentKey, session));
        socket.once('close', (failed) => { if (failed) this._evictSession(options._agentKey); });
    }
    return socket;
}

function Agent(options) {
    if (!(this instanceof Agent)) return new Agent(options);
    HttpAgent.call(this, options);
    this.defaultPort = 443;
    this.protocol = 'https:';
    this.maxCachedSessions = this.options.maxCachedSessions === undefined ? 100 : this.options.maxCachedSessions;
    this._sessionCache = { map: {}, list: [] };
}
Object.setPrototypeOf(Agent.prototype, HttpAgent.prototype);
Object.setPrototypeOf(Agent, HttpAgent);
Agent.prototype.createConnection = createConnection;

// What makes two TLS connections different ones.
const TRAITS = ['ca', 'cert', 'clientCertEngine', 'ciphers', 'key', 'pfx', 'rejectUnauthorized', 'servername', 'minVersion',
    'maxVersion', 'secureProtocol', 'crl', 'honorCipherOrder', 'ecdhCurve', 'dhparam', 'secureOptions', 'sessionIdContext', 'sigalgs',
    'privateKeyIdentifier', 'privateKeyEngine'];

Agent.prototype.getName = function getName(options = {}) {
    let name = HttpAgent.prototype.getName.call(this, options);
    for (const trait of TRAITS) {
        name += ':';
        const value = options[trait];
        if (trait === 'servername' ? value && value !== options.host : trait === 'rejectUnauthorized' ? value !== undefined : value) {
            name += typeof value === 'object' && !Array.isArray(value) && !Buffer.isBuffer(value) ? JSON.stringify(value) : value;
        }
    }
    // Another judge of certificates must not inherit a connection.
    if (typeof options.checkServerIdentity === 'function') name += ':' + identity(options.checkServerIdentity);
    return name;
};

const judges = new WeakMap();
let judgesSeen = 0;
function identity(judge) {
    if (!judges.has(judge)) judges.set(judge, ++judgesSeen);
    return judges.get(judge);
}

Agent.prototype._getSession = function (key) { return this._sessionCache.map[key]; };
Agent.prototype._cacheSession = function (key, session) {
    if (this.maxCachedSessions === 0) return;
    const cache = this._sessionCache;
    if (!cache.map[key]) {
        if (cache.list.length >= this.maxCachedSessions) delete cache.map[cache.list.shift()];
        cache.list.push(key);
    }
    cache.map[key] = session;
};
Agent.prototype._evictSession = function (key) {
    const cache = this._sessionCache, at = cache.list.indexOf(key);
    if (at < 0) return;
    cache.list.splice(at, 1);
    delete cache.map[key];
};

const globalAgent = new Agent({ keepAlive: true, scheduling: 'lifo', timeout: 5000 });

function request(...args) {
    const [options, callback] = argumentsOf(...args);
    return new ClientRequest({ ...options, _defaultAgent: module.exports.globalAgent }, callback);
}

function get(...args) {
    const made = request(...args);
    made.end();
    return made;
}

module.exports = { Agent, globalAgent, createServer, get, request };
Object.defineProperty(module.exports, 'Server', { get: serverClass, enumerable: true, configurable: true });
