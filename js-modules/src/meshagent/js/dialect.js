'use strict';
// Runs once when a dialect context is made: prototype additions and globals. Js-host specification 1.3, 4, 4.1, 6.

const { fail, hide } = require('events');
const { Buffer } = require('node:buffer');

// An own property made by assignment hides the addition, in strict code too.
function addition(prototype, name, get) {
  Object.defineProperty(prototype, name, {
    get,
    set: function (value) {
      Object.defineProperty(this, name, { value, writable: true, enumerable: true, configurable: true });
    },
    enumerable: false,
    configurable: true,
  });
}
function method(prototype, name, body) { addition(prototype, name, function () { return body; }); }

method(Array.prototype, 'peek', function peek() { return this.length > 0 ? this[this.length - 1] : undefined; });
method(Array.prototype, 'partialIncludes', function partialIncludes(text) {
  for (let i = 0; i < this.length; i++) { if (String(this[i]).indexOf(text) >= 0) { return i; } }
  return -1;
});

method(Object.prototype, 'keys', function keys() { return Object.keys(this); });

// Unique and stable while the object lives; equal texts have equal codes.
const codes = new WeakMap();
let lastCode = 0x10000000;
method(Object.prototype, '_hashCode', function _hashCode() {
  if (this === null || (typeof this !== 'object' && typeof this !== 'function') || this instanceof String) {
    return '0x' + native.crc32(String(this)).toString(16);
  }
  let code = codes.get(this);
  if (code === undefined) { codes.set(this, code = '0x' + (lastCode += 16).toString(16)); }
  return code;
});

// Splits outside of double quotes; the quotes stay.
method(String.prototype, 'splitEx', function splitEx(separator) {
  const text = String(this), parts = [];
  let from = 0, quoted = false;
  for (let i = 0; i < text.length; i++) {
    if (text[i] === '"') { quoted = !quoted; }
    if (!quoted && text.startsWith(separator, i)) {
      parts.push(text.substring(from, i));
      i += separator.length - 1;
      from = i + 1;
    }
  }
  parts.push(text.substring(from));
  return parts;
});

// Marks a function as infrastructure; it is the function itself.
addition(Function.prototype, 'internal', function () { return this; });

// ---- Buffer -------------------------------------------------------------------------------------------------------

const toText = Buffer.prototype.toString;
hide(Buffer.prototype, 'toString', function toString(encoding, start, end) {
  if (encoding === 'hex') { return toText.call(this, 'hex', start, end).toUpperCase(); }
  if (encoding === 'hex:') {
    const hex = toText.call(this, 'hex', start, end).toUpperCase();
    return hex === '' ? '' : hex.match(/../g).join(':');
  }
  const text = toText.call(this, encoding, start, end);
  if (encoding !== undefined && encoding !== 'utf8' && encoding !== 'utf-8') { return text; }
  // Fixed-size C strings end at their first NUL.
  const nul = text.indexOf('\0');
  return nul < 0 ? text : text.substring(0, nul);
});
const from = Buffer.from;
hide(Buffer, 'from', function (value, encoding, length) {
  if (encoding === 'hex' && typeof value === 'string' && /^0x/i.test(value)) { value = value.substring(2); }
  return from.call(Buffer, value, encoding, length);
});
hide(Buffer.prototype, 'randomFill', function randomFill(start, length) {
  const first = start === undefined ? 0 : start;
  native.random(this.subarray(first, length === undefined ? this.length : first + length));
  return this;
});

// ---- Date: the form of databases, which the engine does not read ----------------------------------------------------

const EngineDate = Date;
const spaced = /^(\d{4}-\d\d-\d\d) (\d\d:\d\d(?::\d\d(?:\.\d+)?)?)(Z|[+-]\d\d:\d\d)?$/;
function readable(text) {
  const found = typeof text === 'string' ? spaced.exec(text) : null;
  return found === null ? text : found[1] + 'T' + found[2] + (found[3] || 'Z');
}
function DialectDate(...args) {
  if (new.target === undefined) { return EngineDate(); }
  if (args.length === 1) { args[0] = readable(args[0]); }
  return Reflect.construct(EngineDate, args, new.target === DialectDate ? EngineDate : new.target);
}
Object.defineProperty(DialectDate, 'name', { value: 'Date' });
Object.defineProperty(DialectDate, 'length', { value: 7 });
DialectDate.prototype = EngineDate.prototype;
hide(EngineDate.prototype, 'constructor', DialectDate);
hide(DialectDate, 'now', EngineDate.now);
hide(DialectDate, 'UTC', EngineDate.UTC);
hide(DialectDate, 'parse', function parse(text) { return EngineDate.parse(readable(text)); });
hide(globalThis, 'Date', DialectDate);

// ---- errors ---------------------------------------------------------------------------------------------------------

// The first place in a script, `[text, file, line]`.
function place(error) { return /\(([^()]+?):(\d+):(\d+)\)/.exec(error.stack || ''); }
addition(Error.prototype, 'fileName', function () { const at = place(this); return at === null ? undefined : at[1]; });
addition(Error.prototype, 'lineNumber', function () { const at = place(this); return at === null ? undefined : Number(at[2]); });
addition(Error.prototype, 'columnNumber', function () { const at = place(this); return at === null ? undefined : Number(at[3]); });

// ---- globals --------------------------------------------------------------------------------------------------------

function globals(table) { for (const name of Object.keys(table)) { hide(globalThis, name, table[name]); } }

let slot;
globals({
  ContainerPermissions: {
    DEFAULT: 0, NO_AGENT: 0x10000000, NO_MARSHAL: 0x08000000, NO_PROCESS_SPAWNING: 0x04000000, NO_FILE_SYSTEM_ACCESS: 1, NO_NETWORK_ACCESS: 2,
  },
  ContainerUserTypes: { DEFAULT: 0, USER: 1, TERMINAL: 3 },
  Buffer,
  crc32: native.crc32,
  crc32c: native.crc32c,
  _MSH: native.msh,
  _ipv4From: function _ipv4From(n) { return [n & 255, (n >>> 8) & 255, (n >>> 16) & 255, n >>> 24].join('.'); },
  ntohl: function ntohl(buffer, at) { return buffer.readUInt32BE(at); },
  ntohs: function ntohs(buffer, at) { return buffer.readUInt16BE(at); },
  htonl: function htonl(buffer, at, value) { return buffer.writeUInt32BE(value, at); },
  htons: function htons(buffer, at, value) { return buffer.writeUInt16BE(value, at); },
  getModules: native.getModules,
  getJSModuleDate: native.getJSModuleDate,
  addModuleObject: native.addModuleObject,
  // The recovery agent's core calls it without a require.
  wget: function wget(remoteUri, localPath, options) { return require('wget')(remoteUri, localPath, options); },
  _debugGC: function _debugGC() { native.collect(); },
});
hide(globalThis, 'resolve', function resolve(host) { return native.resolve(String(host)); });
hide(globalThis, '_hide', function _hide(value) {
  if (arguments.length === 0) { return slot; }
  if (value === true) { const was = slot; slot = undefined; return was; }
  slot = value;
});
hide(globalThis, 'getSHA384FileHash', function getSHA384FileHash(path) {
  try {
    return native.fileHash(String(path));
  } catch (e) {
    if (e.code === 'ERR_ACCESS_DENIED') { throw e; }
    const f = fail('Error generating FileHash ', e);
    f.code = e.code;
    throw f;
  }
});
hide(globalThis, 'getJSModule', function getJSModule(name) {
  const source = native.getJSModule(String(name));
  if (source === undefined) { throw fail('getJSModule(): (' + name + ') not found'); }
  return source;
});
hide(globalThis, 'addModule', function addModule(name, source, date) {
  native.addModule(String(name), String(source), date === undefined ? undefined : Number(new Date(date)) / 1000);
});
hide(globalThis, 'addCompressedModule', function addCompressedModule(name, compressed, date) {
  native.addModule(String(name), native.inflate(compressed), date === undefined ? undefined : Number(new Date(date)) / 1000);
});

function Weak(object) {
  const ref = new WeakRef(object);
  this.isAlive = function isAlive() { return ref.deref() !== undefined; };
  Object.defineProperty(this, 'object', { get: function () { return ref.deref(); } });
}
hide(globalThis, 'WeakReference', function WeakReference(object) { return new Weak(object); });
