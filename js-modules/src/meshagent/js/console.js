'use strict';
// The dialect's console: arguments joined with a comma, a destination that scripts choose. Js-host specification 4.

const Destinations = { DISABLED: 0, STDOUT: 1, SERVERCONSOLE: 2, WEBLOG: 4, LOGFILE: 8 };
const DEBUG = 0, INFO = 1, WARN = 2, ERROR = 3;

let destination = Destinations.STDOUT, session, level = 0;

function show(value) {
  if (value === null || value === undefined || typeof value !== 'object') { return String(value); }
  if (Buffer.isBuffer(value) || value instanceof Error) { return value.toString(); }
  if (Array.isArray(value) || Object.getPrototypeOf(value) !== Object.prototype) { return plain(value); }
  const parts = Object.keys(value).map(function (key) { return key + ': ' + plain(value[key]); });
  return parts.length === 0 ? '{}' : '{ ' + parts.join(', ') + ' }';
}
// Objects of scripts may have a toString that throws.
function plain(value) {
  try { return String(value); } catch (e) { return '[object Object]'; }
}

function print(at, args) {
  const line = args.map(show).join(', ');
  if (destination & Destinations.STDOUT || destination & Destinations.LOGFILE || destination & Destinations.WEBLOG) {
    native.log(at, line);
  }
  if (destination & Destinations.SERVERCONSOLE) {
    const message = { action: 'msg', type: 'console', value: line };
    if (session !== undefined) { message.sessionid = session; }
    require('MeshAgent').SendCommand(message);
  }
}

exports.Destinations = Destinations;
exports.log = function log(...args) { print(INFO, args); };
exports.info = exports.log;
exports.rawLog = exports.log;
exports.warn = function warn(...args) { print(WARN, args); };
exports.error = function error(...args) { print(ERROR, args); };
exports.debug = function debug(...args) { if (level > 0) { print(DEBUG, args); } };
for (let n = 1; n <= 3; n++) {
  exports['info' + n] = function (...args) { if (level >= n) { print(DEBUG, args); } };
}
exports.canonical = exports.log;
exports.setDestination = function setDestination(to, id) {
  const number = Number(to);
  destination = Number.isNaN(number) ? Destinations.STDOUT : number;
  session = id;
};
exports.setInfoLevel = function setInfoLevel(to) { level = Number(to) || 0; };
exports.getInfoLevel = function getInfoLevel() { return level; };
for (const name of ['setInfoMask', 'enableWebLog', 'logReferenceCount', 'displayFinalizerMessages', 'displayStreamPipeMessages', 'echo']) {
  exports[name] = function () {};
}
