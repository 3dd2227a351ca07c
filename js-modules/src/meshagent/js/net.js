'use strict';
// The dialect's net: sockets and servers as emitters, `listen` that has failed or succeeded when it returns.
// Js-host specification 7, 8.2; details were compared with the real agent.

const { EventEmitter, fail } = require('events');
const node = require('node:net');
const { dress, failing, normalize, serve, view } = require('internal/mesh/socket');

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
