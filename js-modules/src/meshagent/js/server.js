'use strict';
// The dialect's HTTP server over Node's.

const { EventEmitter, hide } = require('events');
const { writable } = require('stream');
const tunnel = require('internal/mesh/tunnel');
const wire = require('internal/http/native');
const { decoded } = require('internal/mesh/websocket');
const digest = require('internal/mesh/digest');

function outgoing(response, sink) {
  const object = { _ObjectID: 'http.serverResponse' };
  const out = sink(response);
  writable(object, { write: out.write, final: function (flush) { response.end(); flush(); } });
  for (const name of ['statusCode', 'statusMessage']) {
    Object.defineProperty(object, name, { get: function () { return response[name]; }, set: function (value) { response[name] = value; }, enumerable: true });
  }
  hide(object, 'writeHead', function writeHead(...args) { response.writeHead(...args); });
  hide(object, 'writeContinue', function writeContinue() { response.writeContinue(); });
  hide(object, 'setHeader', function setHeader(name, value) { response.setHeader(name, value); });
  hide(object, 'removeHeader', function removeHeader(name) { response.removeHeader(name); });
  hide(object, 'Digest_writeUnauthorized', function (realm) {
    response.writeHead(401, { 'WWW-Authenticate': digest.challenge(realm), 'Content-Length': 0 });
    response.end();
  });
  response.on('close', function () { object.emit('close'); });
  return object;
}

function createServer(options, listener, secure, incoming, sink) {
  if (typeof options === 'function') { listener = options; options = undefined; }
  const object = { _ObjectID: secure ? 'https.server' : 'http.server' };
  EventEmitter.call(object).createEvent('checkContinue', 'checkExpectation', 'clientError', 'close', 'connect', 'connection', 'request', 'upgrade', 'timeout', 'listening', 'error');
  if (typeof listener === 'function') { object.on('request', listener); }
  const given = options || {};
  const server = secure ? require('node:https').createServer(given) : require('node:http').createServer(given);
  const pass = function (name) {
    server.on(name, function (request, response) { object.emit(name, incoming(request, tunnel.view(request.socket)), outgoing(response, sink)); });
  };
  pass('request');
  object.on('newListener2', function (name) { if ((name === 'checkContinue' || name === 'checkExpectation') && server.listenerCount(name) === 0) { pass(name); } });
  for (const name of ['upgrade', 'connect']) {
    server.on(name, function (request, socket, rest) {
      const shown = tunnel.view(socket);
      socket.on('error', function () {});
      hide(shown, 'upgradeWebSocket', function upgradeWebSocket() {
        const key = request.headers['sec-websocket-key'];
        if (!/^websocket$/i.test(request.headers.upgrade || '') || key === undefined) { throw new Error('the client asked for no WebSocket'); }
        socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ' + wire.wsAccept(key) + '\r\n\r\n');
        return decoded(socket, false, rest);
      });
      hide(shown, 'Digest_writeUnauthorized', function (realm) {
        socket.end('HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: ' + digest.challenge(realm) + '\r\nContent-Length: 0\r\n\r\n');
      });
      if (!object.emit(name, incoming(request, shown), shown, rest.length > 0 ? rest : null)) { socket.destroy(); }
    });
  }
  server.on('connection', function (socket) { object.emit('connection', tunnel.view(socket)); });
  server.on('timeout', function (socket) { if (!object.emit('timeout', tunnel.view(socket))) { socket.destroy(); } });
  server.on('listening', function () { object.emit('listening'); });
  server.on('close', function () { object.emit('close'); });
  server.on('error', function (e) { object.emit('error', e); });
  EventEmitter.call(object)
    .addMethod('listen', function listen(...args) { server.listen(...args); return object; })
    .addMethod('close', function close() { server.close(); server.closeAllConnections(); })
    .addMethod('setTimeout', function setTimeout(ms, callback) { server.setTimeout(ms, callback && function (socket) { callback.call(object, tunnel.view(socket)); }); return object; })
    .addMethod('address', function address() { return server.address(); });
  return object;
}

module.exports = { createServer };
