'use strict';
// Digest authentication (RFC 7616 with MD5, as the devices that speak it do): both sides.

const { EventEmitter, fail, hide } = require('events');
const hashes = require('internal/hashes');

function md5(text) { return hashes.MD5.syncHash(text).toString('hex').toLowerCase(); }

// The values of a field such as `Digest realm="a", nonce="b", qop=auth`.
function parse(text) {
  const values = {}, form = /([a-zA-Z]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))/g;
  let found;
  while ((found = form.exec(text)) !== null) { values[found[1].toLowerCase()] = found[2] === undefined ? found[3] : found[2].replace(/\\(.)/g, '$1'); }
  return values;
}

function answerOf(ha1, method, uri, values) {
  const ha2 = md5(method + ':' + uri);
  return values.qop === undefined ? md5(ha1 + ':' + values.nonce + ':' + ha2)
    : md5([ha1, values.nonce, values.nc, values.cnonce, values.qop, ha2].join(':'));
}

function nonce(length) { return require('http').generateNonce(length); }

function challenge(realm) {
  return 'Digest realm="' + String(realm).replace(/["\\\r\n]/g, '') + '",qop="auth",nonce="' + nonce(32) + '",opaque="' + nonce(32) + '"';
}

// What the server's requests (and, emptily, responses) have.
function mixIn(object, message) {
  const sent = message.headers.authorization, values = /^digest /i.test(sent || '') ? parse(sent.substring(7)) : null;
  hide(object, 'Digest_IsAuthenticated', function () { return values !== null ? 1 : 0; });
  hide(object, 'Digest_GetUsername', function () { return values === null ? undefined : values.username; });
  hide(object, 'Digest_GetRealm', function () { return values === null ? undefined : values.realm; });
  hide(object, 'Digest_GetQOP', function () { return values === null ? undefined : values.qop; });
  hide(object, 'Digest_ValidatePassword', function (password) {
    if (values === null || values.response === undefined) { return false; }
    const ha1 = md5(values.username + ':' + values.realm + ':' + password);
    return answerOf(ha1, message.method, values.uri, values) === values.response.toLowerCase();
  });
}

// `http-digest`: a client that answers challenges.
function Digest(user, password) {
  const options = typeof user === 'object' && user !== null ? user : { username: user, password };
  const object = { _ObjectID: 'http-digest', _NC: 0 };
  hide(object, '_options', options);
  hide(object, 'http', require('http'));
  EventEmitter.call(object).createEvent('error', 'response');
  hide(object, 'request', function request(given) {
    const target = typeof given === 'string' ? require('http').parseUri(given) : given;
    const shown = { _ObjectID: 'http-digest.clientRequest' };
    require('stream').writable(shown, { write: function (chunk, flush) { body.push(typeof chunk === 'string' ? Buffer.from(chunk) : chunk); flush(); return true; }, final: function (flush) { go(); flush(); } });
    EventEmitter.call(shown).createEvent('response', 'close');
    const body = [];
    let tried = false;
    const go = function () {
      const headers = {};
      for (const name of Object.keys(target.headers || {})) { headers[name] = target.headers[name]; }
      if (object._challenge !== undefined) { headers.Authorization = authorization(object, target); }
      const made = require('http').request({ ...target, headers });
      made.on('error', function (e) { shown.emit('error', e); });
      made.on('response', function (response) {
        const asked = response.headers['www-authenticate'];
        if (response.statusCode === 401 && !tried && asked !== undefined && /digest/i.test(asked)) {
          tried = true;
          object._challenge = parse(asked.substring(asked.search(/digest/i) + 7));
          object._NC = 0;
          response._dump();
          go();
          return;
        }
        if (!shown.emit('response', response)) { response._dump(); }
      });
      for (const chunk of body) { made.write(chunk); }
      made.end();
    };
    return shown;
  });
  hide(object, 'get', function get(given) { const made = object.request(given); made.end(); return made; });
  return object;
}

function authorization(object, target) {
  const asked = object._challenge, options = object._options, method = target.method || 'GET';
  const values = { nonce: asked.nonce, qop: asked.qop === undefined ? undefined : 'auth', nc: ('0000000' + (++object._NC).toString(16)).slice(-8), cnonce: nonce(16) };
  const ha1 = options.authToken !== undefined ? options.authToken : md5(options.username + ':' + asked.realm + ':' + options.password);
  const quote = function (text) { return '"' + String(text).replace(/(["\\])/g, '\\$1') + '"'; };
  const parts = ['username=' + quote(options.username || ''), 'realm=' + quote(asked.realm), 'nonce=' + quote(asked.nonce), 'uri=' + quote(target.path),
    'response="' + answerOf(ha1, method, target.path, values) + '"'];
  if (values.qop !== undefined) { parts.push('qop=auth', 'nc=' + values.nc, 'cnonce="' + values.cnonce + '"'); }
  if (asked.opaque !== undefined) { parts.push('opaque=' + quote(asked.opaque)); }
  return 'Digest ' + parts.join(', ');
}

module.exports = { mixIn, challenge, parse, fail, create: Digest };
