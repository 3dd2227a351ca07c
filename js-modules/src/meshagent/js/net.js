'use strict';
// The dialect's net: sockets and servers as emitters, `listen` that has failed or succeeded when it returns.
// Js-host specification 7, 8.2; details were compared with the real agent.

const { EventEmitter, fail, hide } = require('events');
const node = require('node:net');
const { view, dress, failing } = require('internal/mesh/socket');

// `(options)`, `(port[, host])`, `(path)`, each with a callback.
function normalize(args) {
  const callback = typeof args[args.length - 1] === 'function' ? args[args.length - 1] : undefined, first = args[0];
  if (first !== null && typeof first === 'object') { return [first, callback]; }
  if (typeof first === 'string' && !(Number(first) >= 0)) { return [{ path: first }, callback]; }
  return [{ port: Number(first) || 0, host: typeof args[1] === 'string' ? args[1] : undefined }, callback];
}

function Socket(options) {
  if (!(this instanceof Socket)) { return new Socket(options); }
  const socket = new node.Socket(options);
  this._ObjectID = 'net.socket';
  dress(this, socket);
  failing(this, socket, 'connect');
  EventEmitter.call(this).addMethod('connect', function connect(...args) {
    const [to, callback] = normalize(args);
    if (callback !== undefined) { this.once('connect', callback); }
    const wanted = {};
    for (const name of Object.keys(to)) { wanted[name] = to[name]; }
    if (wanted.port !== undefined) { wanted.port = Number(wanted.port); }
    socket.connect(wanted);
  });
}

function createConnection(...args) {
  const [options, callback] = normalize(args);
  const socket = new Socket();
  socket.connect(options, callback);
  return socket;
}

// A server of Node's as an emitter; `shown` makes the object of a connection.
function serve(object, server, event, shown) {
  EventEmitter.call(object).createEvent('close', 'connection', 'error', 'listening');
  let bound = false;
  server.on(event, function (socket) {
    const one = shown(socket);
    // Nobody took it: it would stay open for ever.
    if (!object.emit(event, one)) { socket.destroy(); }
  });
  server.on('listening', function () { object.emit('listening'); });
  server.on('close', function () { object.emit('close'); object.emit('~'); });
  server.on('error', function (e) { if (bound) { object.emit('error', e); } });
  EventEmitter.call(object)
    .addMethod('listen', function listen(...args) {
      const [to, callback] = normalize(args);
      if (callback !== undefined) { object.once('listening', callback); }
      const wanted = {};
      for (const name of Object.keys(to)) { wanted[name] = to[name]; }
      if (wanted.path === undefined) {
        wanted.port = Number(wanted.port) || 0;
        // Version 4 unless a host says otherwise.
        if (wanted.host === undefined) { wanted.host = '0.0.0.0'; }
        if (node.isIP(wanted.host) === 0) { wanted.host = resolve(wanted.host)[0] || wanted.host; }
      }
      server.listen(wanted);
      if (!server.listening) {
        const e = fail('server.listen(): Failed to bind', server._failure);
        if (server._failure) { e.code = server._failure.code; }
        throw e;
      }
      bound = true;
      return object;
    })
    .addMethod('close', function close() { server.close(); });
  Object.defineProperty(object, 'listening', {
    get: function () { return server.listening; },
    set: function (listener) { if (typeof listener === 'function') { object.on('listening', listener); } },
    enumerable: true, configurable: true,
  });
  Object.defineProperty(object, 'connections', { get: function () { return server._connections; }, enumerable: false, configurable: true });
  Object.defineProperty(object, 'maxConnections', {
    get: function () { return server.maxConnections; }, set: function (value) { server.maxConnections = value; }, enumerable: false, configurable: true,
  });
  object.descriptorMetadata = '';
  hide(object, 'address', function address() { return server.address(); });
  hide(object, 'ref', function ref() { server.ref(); return object; });
  hide(object, 'unref', function unref() { server.unref(); return object; });
  return object;
}

function createServer(options, listener) {
  if (typeof options === 'function') { listener = options; options = undefined; }
  const object = { _ObjectID: 'net.Server' };
  const server = node.createServer();
  if (options && options.maxConnections > 0) { server.maxConnections = Number(options.maxConnections); }
  serve(object, server, 'connection', function (socket) {
    const one = view(socket, 'net.serverSocketConnection');
    failing(one, socket, 'connect');
    return one;
  });
  if (typeof listener === 'function') { object.on('connection', listener); }
  return object;
}

exports._ObjectID = 'net';
exports.socket = Socket;
exports.createServer = createServer;
exports.createConnection = createConnection;
exports.connect = createConnection;
// An address as the number that a little-endian machine reads from its four bytes.
exports.addr2int = function addr2int(address) {
  if (node.isIP(String(address)) !== 4) { throw fail('net.addr2int(): \'' + address + '\' is no IPv4 address'); }
  return String(address).split('.').reduceRight(function (all, part) { return all * 256 + Number(part); }, 0);
};
for (const name of ['isIP', 'isIPv4', 'isIPv6']) { exports[name] = node[name]; }
exports.Socket = Socket;
hide(exports, '_serve', serve);
hide(exports, '_normalize', normalize);
