'use strict';
// Keeps connections of clients: how many to one place, which are free for the next request.

const EventEmitter = require('events');
const net = require('net');
const { make, invalidArgType, outOfRange } = require('internal/errors');

const kOnKeylog = Symbol('onkeylog');

function Agent(options) {
    if (!(this instanceof Agent)) return new Agent(options);
    EventEmitter.call(this);
    this.defaultPort = 80;
    this.protocol = 'http:';
    this.options = { ...options };
    if (this.options.noDelay === undefined) this.options.noDelay = true;
    // Sockets are not of one path.
    this.options.path = null;
    this.requests = Object.create(null);
    this.sockets = Object.create(null);
    this.freeSockets = Object.create(null);
    this.keepAliveMsecs = this.options.keepAliveMsecs || 1000;
    this.keepAlive = this.options.keepAlive || false;
    this.maxSockets = this.options.maxSockets || Agent.defaultMaxSockets;
    this.maxFreeSockets = this.options.maxFreeSockets || 256;
    this.scheduling = this.options.scheduling || 'lifo';
    this.maxTotalSockets = this.options.maxTotalSockets;
    this.totalSocketCount = 0;
    if (this.scheduling !== 'fifo' && this.scheduling !== 'lifo') {
        throw make(TypeError, 'ERR_INVALID_ARG_VALUE', `The argument 'scheduling' must be one of: 'fifo', 'lifo'. Received ${require('util').inspect(this.scheduling)}`);
    }
    if (this.maxTotalSockets !== undefined) {
        if (typeof this.maxTotalSockets !== 'number') throw invalidArgType('maxTotalSockets', 'number', this.maxTotalSockets);
        if (!(this.maxTotalSockets >= 1)) throw outOfRange('maxTotalSockets', '> 0', this.maxTotalSockets);
    } else {
        this.maxTotalSockets = Infinity;
    }
    this.on('free', (socket, options) => free(this, socket, options));
    this.on('newListener', (name, listener) => { if (name === 'keylog') this[kOnKeylog] = listener; });
}
Object.setPrototypeOf(Agent.prototype, EventEmitter.prototype);
Object.setPrototypeOf(Agent, EventEmitter);
Agent.defaultMaxSockets = Infinity;

Agent.prototype.createConnection = net.createConnection;

// Which place: connections with the same name are interchangeable.
Agent.prototype.getName = function getName(options = {}) {
    let name = options.host || 'localhost';
    name += ':';
    if (options.port) name += options.port;
    name += ':';
    if (options.localAddress) name += options.localAddress;
    if (options.family === 4 || options.family === 6) name += `:${options.family}`;
    if (options.socketPath) name += `:${options.socketPath}`;
    return name;
};

function drop(table, name, item) {
    const list = table[name];
    const at = list ? list.indexOf(item) : -1;
    if (at < 0) return false;
    list.splice(at, 1);
    if (list.length === 0) delete table[name];
    return true;
}

// A socket has done its request: it serves the next one, is kept, or goes.
function free(agent, socket, options) {
    const name = agent.getName(options);
    if (!socket.writable) { socket.destroy(); return; }
    const waiting = agent.requests[name];
    if (waiting && waiting.length > 0) {
        const request = waiting.shift();
        const at = waiting.length === 0;
        if (at) delete agent.requests[name];
        hand(agent, request, socket);
        return;
    }
    const request = socket._httpMessage;
    if (!request || !request.shouldKeepAlive || !agent.keepAlive) { socket.destroy(); return; }
    const kept = agent.freeSockets[name] || [];
    const used = agent.sockets[name] ? agent.sockets[name].length : 0;
    if (agent.totalSocketCount > agent.maxTotalSockets || used + kept.length > agent.maxSockets ||
        kept.length >= agent.maxFreeSockets || !agent.keepSocketAlive(socket)) {
        socket.destroy();
        return;
    }
    agent.freeSockets[name] = kept;
    socket._httpMessage = null;
    drop(agent.sockets, name, socket);
    socket._agentFailed = () => {
        // A kept connection that breaks is nobody's error.
        socket.destroy();
    };
    socket.on('error', socket._agentFailed);
    kept.push(socket);
}

Agent.prototype.addRequest = function addRequest(request, options, port, localAddress) {
    if (typeof options === 'string') options = { host: options, port, localAddress };
    options = { ...options, ...this.options };
    if (options.socketPath) options.path = options.socketPath;
    normalizeServerName(options, request);
    const name = this.getName(options);
    if (!this.sockets[name]) this.sockets[name] = [];
    const kept = this.freeSockets[name];
    let socket;
    if (kept) {
        while (kept.length > 0 && (kept[0].destroyed || !kept[0].writable)) kept.shift();
        socket = this.scheduling === 'fifo' ? kept.shift() : kept.pop();
        if (kept.length === 0) delete this.freeSockets[name];
    }
    const open = (kept ? kept.length : 0) + this.sockets[name].length;
    if (socket) {
        if (socket._agentFailed) { socket.removeListener('error', socket._agentFailed); socket._agentFailed = undefined; }
        this.reuseSocket(socket, request);
        hand(this, request, socket);
        this.sockets[name].push(socket);
    } else if (open < this.maxSockets && this.totalSocketCount < this.maxTotalSockets) {
        this.createSocket(request, options, (error, made) => {
            if (error) request.onSocket(made, error);
            else hand(this, request, made);
        });
    } else {
        if (!this.requests[name]) this.requests[name] = [];
        request._agentOptions = options;
        this.requests[name].push(request);
        if (this.sockets[name].length === 0) delete this.sockets[name];
    }
};

function normalizeServerName(options, request) {
    if (!options.servername && options.servername !== '') options.servername = calculateServerName(options, request);
}

function calculateServerName(options, request) {
    let name = options.host;
    const header = request.getHeader('host');
    if (header) {
        if (typeof header !== 'string') throw invalidArgType('options.headers.host', 'string', header);
        name = header.startsWith('[') ? header.slice(1, Math.max(header.indexOf(']'), 1)) : header.split(':', 1)[0];
    }
    return net.isIP(name) ? '' : name;
}

Agent.prototype.createSocket = function createSocket(request, options, callback) {
    options = { ...options, ...this.options };
    if (options.socketPath) options.path = options.socketPath;
    normalizeServerName(options, request);
    const name = this.getName(options);
    options._agentKey = name;
    options.encoding = null;
    let called = false;
    const made = (error, socket) => {
        if (called) return;
        called = true;
        if (error) {
            callback(error);
            return;
        }
        if (!this.sockets[name]) this.sockets[name] = [];
        this.sockets[name].push(socket);
        this.totalSocketCount++;
        watch(this, socket, options);
        callback(null, socket);
    };
    if (this.keepAlive) options.keepAlive = this.keepAlive;
    if (this.keepAlive && options.keepAliveInitialDelay === undefined) options.keepAliveInitialDelay = this.keepAliveMsecs;
    const socket = this.createConnection(options, made);
    if (socket) made(null, socket);
};

function watch(agent, socket, options) {
    const listeners = {
        free: () => agent.emit('free', socket, options),
        close: () => {
            agent.totalSocketCount--;
            agent.removeSocket(socket, options);
        },
        timeout: () => {
            // One that is in use is the request's business.
            const kept = agent.freeSockets;
            if (Object.keys(kept).some((name) => kept[name].includes(socket))) socket.destroy();
        },
        // Somebody else has it now: it is no connection of ours any more.
        agentRemove: () => {
            agent.totalSocketCount--;
            for (const name of Object.keys(listeners)) socket.removeListener(name, listeners[name]);
            agent.removeSocket(socket, options);
        },
    };
    for (const name of Object.keys(listeners)) socket.on(name, listeners[name]);
    if (agent[kOnKeylog]) socket.on('keylog', (line) => agent.emit('keylog', line, socket));
}

Agent.prototype.removeSocket = function removeSocket(socket, options) {
    const name = this.getName(options);
    drop(this.sockets, name, socket);
    if (!socket.writable || socket.destroyed) drop(this.freeSockets, name, socket);
    // There is room for one that waits, of the same place first.
    let next = this.requests[name] && this.requests[name][0] ? name : undefined;
    if (next === undefined) {
        for (const other of Object.keys(this.requests)) {
            if (this.sockets[other] && this.sockets[other].length >= this.maxSockets) continue;
            next = other;
            break;
        }
    }
    if (next === undefined || this.totalSocketCount >= this.maxTotalSockets) return;
    const request = this.requests[next].shift();
    if (this.requests[next].length === 0) delete this.requests[next];
    if (request.destroyed) { this.removeSocket(socket, options); return; }
    this.createSocket(request, request._agentOptions || options, (error, made) => {
        if (error) request.onSocket(made, error);
        else made.emit('free');
    });
    // The new socket takes this request, not the head of the queue.
    if (!this.requests[next]) this.requests[next] = [];
    this.requests[next].unshift(request);
};

Agent.prototype.keepSocketAlive = function keepSocketAlive(socket) {
    socket.setKeepAlive(true, this.keepAliveMsecs);
    socket.unref();
    let ms = this.options.timeout || 0;
    // What the server promised, less a second for the way.
    const promised = socket._httpMessage && socket._httpMessage.res && socket._httpMessage.res.headers['keep-alive'];
    const found = promised && /timeout=(\d+)/.exec(promised);
    if (found) {
        const server = Number(found[1]) * 1000 - 1000;
        if (server <= 0) return false;
        if (ms === 0 || server < ms) ms = server;
    }
    if (ms !== socket.timeout) socket.setTimeout(ms);
    return true;
};

Agent.prototype.reuseSocket = function reuseSocket(socket, request) {
    request.reusedSocket = true;
    socket.ref();
};

Agent.prototype.destroy = function destroy() {
    for (const table of [this.freeSockets, this.sockets]) {
        for (const name of Object.keys(table)) for (const socket of table[name].slice()) socket.destroy();
    }
};

function hand(agent, request, socket) {
    const ms = request.timeout || agent.options.timeout || 0;
    if (socket.timeout !== undefined && socket.timeout !== ms) socket.setTimeout(ms);
    request.onSocket(socket);
}

module.exports = { Agent, globalAgent: new Agent({ keepAlive: true, scheduling: 'lifo', timeout: 5000 }) };
