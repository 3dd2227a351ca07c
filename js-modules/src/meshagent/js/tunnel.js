'use strict';
// The way to a server: straight or through a proxy, then TLS with the script's own judge of certificates.
// It is the dialect's `global-tunnel`, too.

const { EventEmitter, fail, hide } = require('events');
const { readable, writable } = require('stream');
const net = require('node:net');
const http = require('node:http');

const tunnel = {};
EventEmitter.call(tunnel);
let proxy = null, exceptions = [];

tunnel.initialize = function initialize(options) {
  const given = options || {};
  if (given.host === undefined) { proxy = null; return; }
  proxy = { host: String(given.host), port: Number(given.port) || 8080, username: given.username, password: given.password };
  exceptions = Array.isArray(given.exceptions) ? given.exceptions.map((one) => String(one.host || one).toLowerCase()) : [];
};
tunnel.end = function end() { proxy = null; exceptions = []; };
Object.defineProperty(tunnel, 'proxyConfig', {
  get: function () { return proxy === null ? null : { host: proxy.host, port: proxy.port }; }, enumerable: true,
});
Object.defineProperty(tunnel, 'isProxying', { get: function () { return proxy !== null; }, enumerable: true });

function excepted(host) {
  return exceptions.some((one) => one === host || (one[0] === '*' && host.endsWith(one.substring(1))));
}

function hang(done, socket) {
  const lost = function (e) { done(e || new Error('the connection was closed')); };
  const closed = function () { lost(); };
  socket.once('error', lost);
  socket.once('close', closed);
  return function () { socket.removeListener('error', lost); socket.removeListener('close', closed); };
}

// Calls back with an open socket of Node's, TLS done and certificates judged.
function connect(to, callback) {
  let called = false;
  const done = function (error, socket) {
    if (called) { if (socket) { socket.destroy(); } return; }
    called = true;
    callback(error, socket);
  };
  if (proxy === null || to.socketPath !== undefined || excepted(to.host.toLowerCase())) {
    const socket = net.connect(to.socketPath !== undefined ? { path: to.socketPath } : { host: to.host, port: to.port });
    const free = hang(done, socket);
    socket.once('connect', function () { free(); secure(to, socket, done); });
    return;
  }
  const authority = (to.host.indexOf(':') >= 0 ? '[' + to.host + ']' : to.host) + ':' + to.port;
  const headers = { Host: authority };
  if (proxy.username !== undefined) {
    headers['Proxy-Authorization'] = 'Basic ' + Buffer.from(proxy.username + ':' + (proxy.password || '')).toString('base64');
  }
  const asked = http.request({ host: proxy.host, port: proxy.port, method: 'CONNECT', path: authority, headers, agent: false });
  asked.on('error', done);
  asked.on('connect', function (answer, socket, rest) {
    if (answer.statusCode !== 200 || rest.length > 0) {
      socket.destroy();
      done(new Error('the proxy refused to connect: ' + answer.statusCode + ' ' + answer.statusMessage));
      return;
    }
    secure(to, socket, done);
  });
  asked.setTimeout(30000, function () { asked.destroy(new Error('the proxy did not answer in time')); });
  asked.end();
}

function certificates(socket) {
  const list = [];
  let one = socket.getPeerCertificate(true);
  while (one && one.raw && list.length < 10) {
    const known = require('internal/tls').certificate(one.raw);
    list.push({ digest: known.digest384, fingerprint: known.keyFingerprint384 });
    if (!one.issuerCertificate || one.issuerCertificate === one) { break; }
    one = one.issuerCertificate;
  }
  return list;
}

function secure(to, socket, done) {
  if (!to.secure) { done(null, socket); return; }
  const given = to.given, judge = given.checkServerIdentity;
  const wrapped = require('node:tls').connect({
    socket, host: to.host,
    servername: given.servername !== undefined ? given.servername : net.isIP(to.host) ? '' : to.host,
    rejectUnauthorized: given.rejectUnauthorized === undefined ? true : Boolean(given.rejectUnauthorized),
    checkServerIdentity: typeof judge === 'function' ? function () { return undefined; } : undefined,
    ca: given.ca, key: given.key, cert: given.cert, pfx: given.pfx, passphrase: given.passphrase,
    secureContext: given.secureContext && given.secureContext._node ? given.secureContext._node : given.secureContext,
    ALPNProtocols: undefined,
  });
  const free = hang(done, wrapped);
  wrapped.once('secureConnect', function () {
    free();
    if (typeof judge === 'function') {
      // Refuses by an exception; it is the script's own function, which carries data.
      try {
        judge.call(view(wrapped), certificates(wrapped));
      } catch (e) {
        wrapped.on('error', function () {});
        wrapped.destroy();
        done(fail('' + e, e));
        return;
      }
    }
    done(null, wrapped);
  });
}

// ---- sockets of Node's as the dialect shows them ----------------------------------------------------------------------

const views = new WeakMap(), sockets = new WeakMap();

function socketOf(object) { return sockets.get(object) || object; }

function view(socket) {
  if (socket === undefined || socket === null) { return socket; }
  let object = views.get(socket);
  if (object !== undefined) { return object; }
  object = { _ObjectID: socket.encrypted ? 'tls.socket' : 'net.socket' };
  views.set(socket, object);
  sockets.set(object, socket);
  let heard = false;
  readable(object, { paused: function (wait) { if (heard) { if (wait) { socket.pause(); } else { socket.resume(); } } } });
  writable(object, {
    write: function (chunk, flush) {
      if (socket.destroyed) { flush(); return true; }
      if (socket.write(chunk) === false) { socket.once('drain', flush); return false; }
      flush();
      return true;
    },
    final: function (flush) { socket.end(); flush(); },
  });
  EventEmitter.call(object).createEvent('timeout', 'connect');
  object.on('newListener2', function (name) {
    if (name !== 'data' || heard) { return; }
    heard = true;
    socket.on('data', function (chunk) { object.push(chunk); });
    socket.on('end', function () { object.push(null); });
  });
  socket.on('close', function () { object.emit('close'); });
  for (const name of ['localAddress', 'localPort', 'remoteAddress', 'remotePort', 'remoteFamily']) {
    Object.defineProperty(object, name, { get: function () { return socket[name]; }, enumerable: true, configurable: true });
  }
  hide(object, 'setTimeout', function setTimeout(ms, callback) {
    if (typeof callback === 'function') { object.on('timeout', callback); }
    socket.setTimeout(ms, function () { object.emit('timeout'); });
    return object;
  });
  hide(object, 'destroy', function destroy() { socket.destroy(); });
  return object;
}

hide(tunnel, 'connect', connect);
hide(tunnel, 'view', view);
hide(tunnel, 'socketOf', socketOf);
module.exports = tunnel;
