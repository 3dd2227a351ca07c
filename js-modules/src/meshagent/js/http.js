'use strict';
// The dialect's http and https, made for one of the two: requests with setter-listeners, WebSockets decoded.
// Js-host specification 5.2, 7, 8.2; details were compared with the real agent.

const { EventEmitter, fail, hide } = require('events');
const { readable, writable } = require('stream');
const node = require('node:http');
const tunnel = require('internal/mesh/tunnel');
const { decoded, handshake } = require('internal/mesh/websocket');
const wire = require('internal/http/native');

const PORTS = { 'http:': 80, 'ws:': 80, 'https:': 443, 'wss:': 443 };

function parseUri(text) {
  if (typeof text !== 'string') { throw fail('http.parseUri(): Invalid Parameters'); }
  // Every part may be missing, the protocol too.
  const found = /^(?:([a-z][a-z0-9+.-]*:)\/\/)?(?:([^@/?#]*)@)?(\[[^\]]*\]|[^:/?#]*)(?::(\d+))?([^#]*)/i.exec(text);
  const protocol = found[1] === undefined ? 'http:' : found[1].toLowerCase();
  let path = found[5] === '' ? '/' : found[5];
  if (path[0] !== '/') { path = '/' + path; }
  const uri = {
    protocol, host: found[3], port: found[4] === undefined ? PORTS[protocol] || 80 : Number(found[4]), path, method: 'GET',
  };
  if (found[2] !== undefined) {
    const at = found[2].indexOf(':');
    uri.username = at < 0 ? found[2] : found[2].substring(0, at);
    if (at >= 0) { uri.password = found[2].substring(at + 1); }
  }
  return uri;
}

// Names as they came; the lower-case ones can be read, too, but do not show.
function fields(message) {
  const all = {}, raw = message.rawHeaders;
  for (let i = 0; i < raw.length; i += 2) { all[raw[i]] = all[raw[i]] === undefined ? raw[i + 1] : all[raw[i]] + ', ' + raw[i + 1]; }
  for (const name of Object.keys(message.headers)) { if (!(name in all)) { hide(all, name, message.headers[name]); } }
  return all;
}

// A message of Node's as a readable of the dialect.
function incoming(message, socket) {
  const object = { _ObjectID: 'http.IncomingMessage' };
  readable(object, { paused: function (wait) { if (wait) { message.pause(); } else { message.resume(); } } });
  object.headers = fields(message);
  object.httpVersion = message.httpVersion;
  if (message.statusCode !== null) {
    object.statusCode = message.statusCode;
    object.statusMessage = message.statusMessage;
  } else {
    object.method = message.method;
    object.url = message.url;
  }
  object.socket = socket;
  require('internal/mesh/digest').mixIn(object, message);
  // Nothing is read before somebody listens.
  let heard = false;
  const hear = function () {
    if (heard) { return; }
    heard = true;
    message.on('data', function (chunk) { if (object.push(chunk) === false && object.isPaused()) { message.pause(); } });
  };
  object.on('newListener2', function (name) { if (name === 'data' || name === 'end') { hear(); object.resume(); } });
  message.on('end', function () { object.push(null); setImmediate(function () { object.emit('close'); }); });
  message.on('aborted', function () {
    if (!message.complete) { object.emit('error', fail('the connection was lost before the message was complete')); object.push(null); object.emit('close'); }
  });
  message.on('error', function () {});
  hide(object, '_dump', function () { if (!heard) { message.resume(); } });
  return object;
}

// Waits for the sink of Node's that a writable of the dialect writes to.
function sink(target) {
  const state = { target, waiting: undefined };
  const go = function () { const next = state.waiting; state.waiting = undefined; if (next !== undefined) { next(); } };
  state.use = function (to) {
    state.target = to;
    to.on('drain', go);
    to.on('close', go);
    return state;
  };
  state.write = function (chunk, flush) {
    const to = state.target;
    if (to === undefined || to.destroyed) { flush(); return true; }
    if (to.write(chunk) === false && !to.destroyed) { state.waiting = flush; return false; }
    flush();
    return true;
  };
  return target === undefined ? state : state.use(target);
}

function make(scheme) {
  const secureByName = scheme === 'https';

  function request(options, onResponse) {
    const given = typeof options === 'string' ? parseUri(options) : options || {};
    const protocol = given.protocol || scheme + ':';
    const secure = protocol === 'https:' || protocol === 'wss:' || secureByName;
    const isWebSocket = protocol === 'ws:' || protocol === 'wss:';
    if (given.host === undefined && given.hostname === undefined && given.socketPath === undefined) { throw fail('http.request(): a host is needed'); }
    const object = { _ObjectID: secure ? 'https.clientRequest' : 'http.clientRequest' };
    const out = sink();
    let key;
    writable(object, { write: out.write, final: function (flush) { if (!isWebSocket) { start().end(); } else { start(); } flush(); } });
    EventEmitter.call(object).createEvent('response', 'upgrade', 'abort', 'timeout', 'socket', 'connect', 'continue');
    if (typeof onResponse === 'function') { object.once('response', onResponse); }

    const headers = {};
    for (const name of Object.keys(given.headers || {})) { headers[name] = given.headers[name]; }
    const has = function (name) { return Object.keys(headers).some((one) => one.toLowerCase() === name); };
    const host = String(given.host || given.hostname), port = Number(given.port) || PORTS[protocol] || 80;
    if (isWebSocket) {
      key = handshake(headers);
    } else if (given.username !== undefined && !has('authorization')) {
      headers.Authorization = 'Basic ' + Buffer.from(given.username + ':' + (given.password || '')).toString('base64');
    }
    const bare = host[0] === '[' ? host.substring(1, host.length - 1) : host;
    let real, over = false;
    const failed = function (e) {
      if (over) { return; }
      over = true;
      object.emit('error', typeof e === 'object' && e !== null && e.code !== 'ERR_ACCESS_DENIED' && !(e.scripted === true) ? fail(e.message, e) : e);
      object.emit('close');
    };
    const start = function () {
      if (real !== undefined) { return real; }
      const made = {
        protocol: 'http:', host: bare, port, path: given.path || '/', method: isWebSocket ? 'GET' : given.method || 'GET', headers,
        setHost: false, defaultPort: secure ? 443 : 80,
        agent: isWebSocket || secure || tunnel.isProxying || given.agent === false ? undefined : given.agent && given.agent._node,
        createConnection: function (_, done) { tunnel.connect({ host: bare, port, secure, given, socketPath: given.socketPath, owner: object }, done); },
      };
      if (made.agent !== undefined) { delete made.createConnection; } else { made.agent = undefined; }
      if (!has('host')) { headers.Host = host + (port === made.defaultPort ? '' : ':' + port); }
      real = node.request(made);
      out.use(real);
      real.on('error', failed);
      real.on('socket', function (socket) { object.emit('socket', tunnel.view(socket)); });
      real.on('timeout', function () { object.emit('timeout'); });
      real.on('continue', function () { object.emit('continue'); });
      real.on('abort', function () { object.emit('abort'); });
      real.on('close', function () { if (!over) { over = true; object.emit('close'); } });
      real.on('response', function (message) {
        const response = incoming(message, tunnel.view(message.socket));
        if (isWebSocket) {
          // The server did not want to: whoever listens may see what it said.
          if (object.listenerCount('response') === 0) { failed(fail('the server refused the WebSocket: ' + message.statusCode + ' ' + message.statusMessage)); real.destroy(); return; }
        }
        if (!object.emit('response', response)) { response._dump(); }
      });
      real.on('upgrade', function (message, socket, rest) {
        over = true;
        const response = incoming(message, tunnel.view(socket));
        if (!isWebSocket) { object.emit('upgrade', response, tunnel.view(socket), rest.length > 0 ? rest : null); return; }
        if (message.headers['sec-websocket-accept'] !== wire.wsAccept(key) || message.headers['sec-websocket-extensions'] !== undefined) {
          over = false;
          socket.destroy();
          failed(fail('the server\'s answer to the WebSocket handshake is wrong'));
          return;
        }
        const stream = decoded(socket, true, rest);
        if (!object.emit('upgrade', response, stream, null)) { stream.end(); }
      });
      real.on('connect', function (message, socket, rest) { over = true; object.emit('connect', incoming(message), tunnel.view(socket), rest); });
      if (given.timeout !== undefined) { real.setTimeout(Number(given.timeout)); }
      if (isWebSocket) { real.end(); }
      return real;
    };
    // The first bytes of a body start it, `end` does without.
    const write = object.write;
    EventEmitter.call(object).addMethod('write', function () { start(); return write.apply(this, arguments); });
    EventEmitter.call(object).addMethod('abort', function abort() { over = true; start().destroy(); object.emit('abort'); });
    hide(object, 'setTimeout', function setTimeout(ms, callback) {
      if (typeof callback === 'function') { object.on('timeout', callback); }
      start().setTimeout(ms);
      return object;
    });
    hide(object, 'destroy', function destroy() { over = true; start().destroy(); });
    return object;
  }

  const exports = { _ObjectID: scheme };
  exports.request = request;
  exports.createServer = function createServer(options, listener) { return require('internal/mesh/server').createServer(options, listener, secureByName, incoming, sink); };
  exports.get = function get(options, onResponse) {
    const made = request(typeof options === 'string' ? parseUri(options) : options, onResponse);
    made.end();
    return made;
  };
  exports.createStream = function createStream() {
    throw fail('http.createStream(): parsing a foreign stream is not available here; use request() or createServer()');
  };
  exports.Agent = Agent;
  exports.parseUri = parseUri;
  exports.webSocketStream = function webSocketStream(socket, options) {
    return decoded(tunnel.socketOf(socket), !(options && options.server), undefined);
  };
  exports.generateNonce = function generateNonce(length) {
    const bytes = Buffer.alloc(Math.ceil(Number(length) / 2));
    bytes.randomFill();
    return bytes.toString('hex').toLowerCase().substring(0, Number(length));
  };
  exports.resolve = function (host) { return resolve(host); };
  exports.globalAgent = new Agent({ keepAlive: true });
  hide(exports.globalAgent, 'http', exports);
  if (secureByName) { exports.isHTTPS = true; }
  return exports;

  // Cores look into the tables and empty them; connections are counted there as long as they are open.
  function Agent(agentOptions) {
    if (!(this instanceof Agent)) { return new Agent(agentOptions); }
    const inner = new node.Agent(agentOptions);
    hide(this, '_node', inner);
    this._ObjectID = 'http.Agent';
    this.keepAlive = inner.keepAlive;
    this.keepAliveMsecs = inner.keepAliveMsecs;
    this.maxSockets = Number.isFinite(inner.maxSockets) ? inner.maxSockets : 0;
    this.maxFreeSockets = inner.maxFreeSockets;
    for (const name of ['freeSockets', 'requests', 'sockets']) {
      let own;
      Object.defineProperty(this, name, {
        get: function () { return own === undefined ? inner[name] : own; },
        set: function (value) { own = value; },
        enumerable: true,
      });
    }
    hide(this, 'getName', function getName(of) { return inner.getName(of); });
    hide(this, 'keepSocketAlive', function keepSocketAlive() { return true; });
    hide(this, 'reuseSocket', function reuseSocket(socket, of) { void socket; void of; });
    hide(this, 'createConnection', function createConnection() { return require('net').createConnection.apply(this, arguments); });
  }
}

module.exports = { make, parseUri, incoming, sink };
