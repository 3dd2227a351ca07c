'use strict';
// The way to a server: straight or through a proxy, then TLS with the script's own judge of certificates.
// It is the dialect's `global-tunnel`, too.

const { EventEmitter, fail, hide } = require('events');
const { socketOf, view } = require('internal/mesh/socket');
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

// Asks the script's own function, which carries data and refuses by an exception. Gives the refusal.
function judged(judge, object, socket) {
  try {
    judge.call(object, certificates(socket));
  } catch (e) {
    return fail('' + e, e);
  }
  return undefined;
}

function secure(to, socket, done) {
  if (!to.secure) { done(null, socket); return; }
  const given = to.given, judge = given.checkServerIdentity;
  const wrapped = require('node:tls').connect({
    socket, host: to.host,
    servername: given.servername !== undefined ? given.servername : net.isIP(to.host) ? '' : to.host,
    rejectUnauthorized: given.rejectUnauthorized === undefined ? true : Boolean(given.rejectUnauthorized),
    checkServerIdentity: typeof judge === 'function' ? function () { return undefined; } : undefined,
    ca: given.ca, key: given.key, cert: given.cert,
    secureContext: given.pfx !== undefined ? require('tls').createSecureContext(given)._node
      : given.secureContext && given.secureContext._node ? given.secureContext._node : given.secureContext,
    ALPNProtocols: undefined,
  });
  const free = hang(done, wrapped);
  wrapped.once('secureConnect', function () {
    free();
    if (typeof judge === 'function') {
      const refusal = judged(judge, view(wrapped), wrapped);
      if (refusal !== undefined) {
        wrapped.on('error', function () {});
        wrapped.destroy();
        done(refusal);
        return;
      }
    }
    done(null, wrapped);
  });
}

hide(tunnel, 'connect', connect);
hide(tunnel, 'judged', judged);
hide(tunnel, 'view', view);
hide(tunnel, 'socketOf', socketOf);
module.exports = tunnel;
