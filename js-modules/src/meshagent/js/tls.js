'use strict';
// The dialect's tls: certificates are judged by a function that throws, PKCS#12 files are certificate and key.
// Js-host specification 7, 8.2; details were compared with the real agent.

const { EventEmitter, fail, hide } = require('events');
const node = require('node:tls');
const core = require('internal/crypto');
const { createHash } = require('node:crypto');
const { failing, normalize, serve, socketOf, view } = require('internal/mesh/socket');
const { judged } = require('internal/mesh/tunnel');

// Bits of the RSA keys that are made here, as the real agent's.
const KEY_BITS = 3072;

function emitter(id) {
  const object = { _ObjectID: id };
  EventEmitter.call(object);
  return object;
}

// ---- certificates -----------------------------------------------------------------------------------------------------

function opened(pfx, passphrase, name) {
  let contents;
  try {
    contents = core.pkcs12Read(Buffer.from(pfx), Buffer.from(String(passphrase === undefined ? '' : passphrase)));
  } catch (e) {
    throw fail(name + ': Invalid passphrase', e);
  }
  if (contents.certificates.length === 0) { throw fail(name + ': there is no certificate in it'); }
  return contents;
}

// The content of the bit string that ends a SubjectPublicKeyInfo: what the hash of a key is made of.
function keyBits(spki) {
  const skip = function (at) {
    const first = spki[at + 1];
    if (first < 0x80) { return [at + 2, first]; }
    let length = 0;
    for (let i = 0; i < (first & 0x7f); i++) { length = length * 256 + spki[at + 2 + i]; }
    return [at + 2 + (first & 0x7f), length];
  };
  const [inside] = skip(0), [algorithm, length] = skip(inside), [bits, size] = skip(algorithm + length);
  return spki.subarray(bits + 1, bits + size);
}

function colons(bytes) { return bytes.toString('hex:'); }

exports.loadCertificate = function loadCertificate(options) {
  const given = options || {};
  let der;
  if (given.pfx !== undefined) {
    der = opened(given.pfx, given.passphrase, 'tls.loadCertificate()').certificates[0];
  } else if (given.pem !== undefined || given.der !== undefined) {
    try { der = new (require('node:crypto').X509Certificate)(given.pem !== undefined ? given.pem : given.der).raw; } catch (e) { throw fail('tls.loadCertificate(): not a certificate', e); }
  } else {
    throw fail('tls.loadCertificate(): No certificate format specified');
  }
  const object = emitter('tls.certificate');
  hide(object, 'getKeyHash', function getKeyHash() {
    return createHash('sha384').update(keyBits(require('internal/tls').certificate(der).pubkey)).digest();
  });
  hide(object, 'toDER', function toDER() { return Buffer.from(der.toString('hex'), 'hex'); });
  return object;
};

// A new key with a certificate that it signed itself, as a PKCS#12 file with this passphrase. The key is made on
// another thread: the chain turns meanwhile, as in any wait.
exports.generateCertificate = function generateCertificate(passphrase, options) {
  if (typeof passphrase !== 'string') { throw new TypeError('tls.generateCertificate(): the passphrase must be a string'); }
  const given = options || {}, promise = require('promise');
  const made = new promise(promise.defaultInit);
  core.generateRsa(KEY_BITS, 0x10001, function (e, handle) { if (e) { made._rej(e); } else { made._res(handle); } });
  const key = promise.wait(made);
  const der = core.selfSigned(key, String(given.subjectName || given.commonName || 'localhost'));
  const file = core.pkcs12Write(key, [der], Buffer.from(passphrase));
  hide(file, 'digest', colons(createHash('sha384').update(der).digest()));
  return file;
};

exports.loadpkcs7b = function loadpkcs7b() {
  throw fail('tls.loadpkcs7b(): lists of certificates in PKCS#7 are not read here; give the certificates as PEM');
};

// A number in decimal digits, from `low` to below `high`: each as likely as the others.
exports.generateRandomInteger = function generateRandomInteger(low, high) {
  for (const one of [low, high]) { if (typeof one !== 'string') { throw new TypeError('tls.generateRandomInteger(): numbers are strings of digits'); } }
  let from, span;
  try { from = BigInt(low); span = BigInt(high) - from; } catch (e) { throw fail('Error Generating Random Number', e); }
  if (span <= 0n || low.length > 1024 || high.length > 1024) { throw fail('Error Generating Random Number'); }
  const bits = (span - 1n).toString(2).length, bytes = Buffer.alloc(Math.ceil(bits / 8));
  for (;;) {
    bytes.randomFill();
    bytes[0] &= 0xff >>> (bytes.length * 8 - bits);
    const found = BigInt('0x' + bytes.toString('hex'));
    if (found < span) { return String(from + found); }
  }
};

// ---- contexts, connections, servers -----------------------------------------------------------------------------------

const contexts = new WeakMap();

// Node's options of a context: a PKCS#12 file is taken apart.
function parts(given, name) {
  const own = {};
  for (const key of ['key', 'cert', 'ca', 'minVersion', 'maxVersion', 'secureProtocol']) { if (given[key] !== undefined) { own[key] = given[key]; } }
  if (given.pfx !== undefined) {
    const contents = opened(given.pfx, given.passphrase, name);
    own.cert = contents.certificates;
    if (contents.key !== undefined) { own.key = core.keyWrite(contents.key, 'pkcs8', false); }
  }
  return own;
}

function contextOf(given, name) {
  const made = given.secureContext && contexts.get(given.secureContext);
  return made || (given.secureContext && given.secureContext.context ? given.secureContext : node.createSecureContext(parts(given, name)));
}

exports.createSecureContext = function createSecureContext(options) {
  const object = emitter('tls.secureContext');
  const made = node.createSecureContext(parts(options || {}, 'tls.createSecureContext()'));
  contexts.set(object, made);
  hide(object, '_node', made);
  return object;
};

exports.connect = function connect(...args) {
  const [options, callback] = normalize(args);
  const wanted = {};
  for (const name of ['host', 'port', 'path', 'localAddress', 'family', 'servername', 'ALPNProtocols', 'socket']) { if (options[name] !== undefined) { wanted[name] = options[name]; } }
  if (wanted.port !== undefined) { wanted.port = Number(wanted.port); }
  if (wanted.socket !== undefined) { wanted.socket = socketOf(wanted.socket); }
  wanted.secureContext = contextOf(options, 'tls.connect()');
  wanted.rejectUnauthorized = options.rejectUnauthorized === undefined ? true : Boolean(options.rejectUnauthorized);
  let object;
  if (typeof options.checkServerIdentity === 'function') { wanted.checkServerIdentity = function () { return undefined; }; }
  const socket = node.connect(wanted);
  if (typeof options.checkServerIdentity === 'function') {
    // First in line: nobody else hears of a connection that the script refuses.
    socket.once('secureConnect', function () {
      const refusal = judged(options.checkServerIdentity, object, socket);
      if (refusal !== undefined) { socket.destroy(refusal); }
    });
  }
  object = view(socket, 'tls.socket');
  EventEmitter.call(object).createEvent('secureConnect');
  failing(object, socket, 'secureConnect');
  if (callback !== undefined) { object.once('secureConnect', callback); }
  return object;
};

exports.createServer = function createServer(options, listener) {
  if (typeof options === 'function') { listener = options; options = undefined; }
  const given = options || {}, object = { _ObjectID: 'tls.Server' };
  const settings = parts(given, 'tls.createServer()');
  for (const name of ['requestCert', 'ALPNProtocols', 'SNICallback']) { if (given[name] !== undefined) { settings[name] = given[name]; } }
  settings.rejectUnauthorized = Boolean(given.rejectUnauthorized);
  if (given.secureContext !== undefined) { settings.secureContext = contextOf(given, 'tls.createServer()'); }
  const server = node.createServer(settings);
  if (given.maxConnections > 0) { server.maxConnections = Number(given.maxConnections); }
  serve(object, server, 'secureConnection', function (socket) {
    const one = view(socket, 'tls.serverSocketConnection');
    failing(one, socket, 'secureConnect');
    return one;
  });
  EventEmitter.call(object).createEvent('secureConnection', 'tlsClientError');
  server.on('tlsClientError', function (e, socket) { object.emit('tlsClientError', e, view(socket, 'tls.serverSocketConnection')); });
  if (typeof server.addContext === 'function') {
    hide(object, 'addContext', function addContext(host, context) { server.addContext(host, contextOf({ secureContext: context }, 'tls.addContext()')); });
  }
  if (typeof listener === 'function') { object.on('secureConnection', listener); }
  return object;
};
