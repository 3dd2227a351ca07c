'use strict';
// Sockets and servers of Node's as the dialect shows them: emitter streams with setter-listeners. Js-host specification 5.2, 8.2.

const { EventEmitter, fail, hide } = require('events');
const { readable, writable } = require('stream');
const { isIP } = require('node:net');

// Who ended waits this long for the other side to end, too; then the connection is cut.
const LINGER_MS = 10000;

const views = new WeakMap(), sockets = new WeakMap();

function socketOf(object) { return sockets.get(object) || object; }

// The object of a socket: the same one each time. `id` is its `_ObjectID`.
function view(socket, id) {
  if (socket === undefined || socket === null) { return socket; }
  let object = views.get(socket);
  if (object !== undefined) { return object; }
  object = {};
  object._ObjectID = id || (socket.encrypted ? 'tls.socket' : 'net.socket');
  dress(object, socket);
  return object;
}

// Makes `object` the view of `socket`.
function dress(object, socket) {
  views.set(socket, object);
  sockets.set(object, socket);
  let heard = false, closed = false;
  readable(object, { paused: function (wait) { if (heard) { if (wait) { socket.pause(); } else { socket.resume(); } } } });
  writable(object, {
    write: function (chunk, flush) {
      if (socket.destroyed) { flush(); return false; }
      if (socket.write(chunk) === false) { waitFor(socket, flush); return false; }
      flush();
      return true;
    },
    final: function (flush) {
      socket.end();
      if (!socket.destroyed) {
        const cut = setTimeout(function () { socket.destroy(); }, LINGER_MS);
        socket.once('close', function () { clearTimeout(cut); });
        // What comes until then has no reader any more, unless there is one.
        if (!heard) { socket.resume(); }
      }
      flush();
    },
  });
  EventEmitter.call(object).createEvent('timeout', 'connect');
  object.on('newListener2', function (name) {
    if (name !== 'data' || heard) { return; }
    heard = true;
    socket.on('data', function (chunk) { object.push(chunk); });
    if (object.isPaused()) { socket.pause(); }
  });
  // An end is told to those, too, who never read.
  const over = function () {
    object.push(null);
    if (!heard || object._getBufferedWrites() === 0) { object.resume(); }
  };
  socket.on('end', over);
  let ended = false;
  const close = function () { if (!closed) { closed = true; object.emit('close'); object.emit('~'); } };
  object.on('end', function () { ended = true; if (socket.destroyed) { setImmediate(close); } });
  socket.on('close', function () {
    if (ended) { close(); } else { over(); }
  });
  for (const name of ['localAddress', 'localPort', 'localFamily', 'remoteAddress', 'remotePort', 'remoteFamily', 'connecting']) {
    Object.defineProperty(object, name, { get: function () { return socket[name]; }, enumerable: true, configurable: true });
  }
  for (const name of ['bytesWritten', 'bytesRead', 'alpnProtocol', 'servername']) {
    Object.defineProperty(object, name, { get: function () { return socket[name]; }, enumerable: false, configurable: true });
  }
  object.descriptorMetadata = '';
  hide(object, 'address', function address() { return socket.address(); });
  hide(object, 'setTimeout', function setTimeout(ms, callback) {
    if (typeof callback === 'function') { object.on('timeout', callback); }
    if (socket.listenerCount('timeout') === 0) { socket.on('timeout', function () { object.emit('timeout'); }); }
    socket.setTimeout(Number(ms) || 0);
    return object;
  });
  for (const name of ['setNoDelay', 'setKeepAlive']) {
    hide(object, name, function (...args) { socket[name](...args); return object; });
  }
  hide(object, 'ref', function ref() { socket.ref(); return object; });
  hide(object, 'unref', function unref() { socket.unref(); return object; });
  hide(object, 'destroy', function destroy() { socket.destroy(); });
  return object;
}

// Room again, or nobody left to write to: either way the writer goes on.
function waitFor(socket, flush) {
  const go = function () { socket.removeListener('drain', go); socket.removeListener('close', go); flush(); };
  socket.on('drain', go);
  socket.on('close', go);
}

// What a client does when it could not connect. Cores count on the real agent's way, which tells a refusal by
// 'connect' and 'end' and emits 'error' only for what went wrong before: who listens for errors gets one, who does not
// sees it end.
function failing(object, socket, event) {
  let up = false;
  socket.once(event, function () {
    // A judge of certificates may have refused it just now.
    if (!socket.destroyed) { up = true; object.emit(event); }
  });
  socket.on('error', function (e) {
    if (object.listenerCount('error') > 0) {
      object.emit('error', e !== null && typeof e === 'object' && (e.code === 'ERR_ACCESS_DENIED' || e.name === '') ? e : fail(e.message, e));
    } else if (!up && event === 'connect') {
      object.emit('connect');
    }
  });
}

// `(options)`, `(port[, host])`, `(path)`, each with a callback.
function normalize(args) {
  const callback = typeof args[args.length - 1] === 'function' ? args[args.length - 1] : undefined, first = args[0];
  if (first !== null && typeof first === 'object') { return [first, callback]; }
  if (typeof first === 'string' && !(Number(first) >= 0)) { return [{ path: first }, callback]; }
  return [{ port: Number(first) || 0, host: typeof args[1] === 'string' ? args[1] : undefined }, callback];
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
        if (isIP(wanted.host) === 0) { wanted.host = resolve(wanted.host)[0] || wanted.host; }
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

module.exports = { dress, failing, normalize, serve, socketOf, view };
