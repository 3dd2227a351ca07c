'use strict';
// The dialect's fs: texts as errors, ISO times, folders that are missing are empty. Js-host specification 7.1.

const fs = require('node:fs');
const { EventEmitter, fail, hide } = require('events');
const { readable, writable } = require('stream');

const { constants } = fs;
EventEmitter.call(exports);
exports._ObjectID = 'fs';
exports.constants = {
  O_RDONLY: constants.O_RDONLY, O_WRONLY: constants.O_WRONLY, O_RDWR: constants.O_RDWR, O_NONBLOCK: constants.O_NONBLOCK,
};
exports.CHMOD_MODES = {};
for (const name of ['S_IRUSR', 'S_IWUSR', 'S_IXUSR', 'S_IRGRP', 'S_IWGRP', 'S_IXGRP', 'S_IROTH', 'S_IWOTH', 'S_IXOTH']) {
  exports.CHMOD_MODES[name] = constants[name];
}

// The text of the dialect, with the code and number of the system's error.
function told(text, run) {
  try {
    return run();
  } catch (e) {
    if (e.code === 'ERR_ACCESS_DENIED') { throw e; }
    const f = fail(text, e);
    f.code = e.code;
    f.errno = e.errno;
    throw f;
  }
}

// Modes of the C library, with `b` for nothing and `N` for non-blocking.
function flags(mode) {
  if (typeof mode === 'number') { return mode; }
  const text = String(mode === undefined ? 'r' : mode), plain = text.replace(/[bN]/g, '');
  const known = { 'r': 0, 'r+': constants.O_RDWR, 'w': 577, 'w+': 578, 'a': 1089, 'a+': 1090 }[plain];
  if (known === undefined) { throw fail('fs.openSync(): unknown mode \'' + text + '\': use r, w or a, with b, + or N'); }
  return text.indexOf('N') < 0 ? known : known | constants.O_NONBLOCK;
}

// `2026-11-21T01:35:21Z`: sent to the server as it is.
function time(ms) { return new Date(Math.floor(ms / 1000) * 1000).toISOString().replace('.000Z', 'Z'); }

function Stats(n) {
  this.size = n.size;
  this.ctime = time(n.ctimeMs);
  this.mtime = time(n.mtimeMs);
  this.atime = time(n.atimeMs);
  this.uid = n.uid;
  this.gid = n.gid;
  hide(this, 'mode', n.mode);
}
hide(Stats.prototype, 'isFile', function isFile() { return (this.mode & constants.S_IFMT) === constants.S_IFREG; });
hide(Stats.prototype, 'isDirectory', function isDirectory() { return (this.mode & constants.S_IFMT) === constants.S_IFDIR; });

exports.statSync = function statSync(path) {
  return told('fs.statSync(): Path Error [' + path + ']', function () { return new Stats(fs.statSync(String(path))); });
};
exports.existsSync = function existsSync(path) { return typeof path === 'string' && fs.existsSync(path); };
exports.readdirSync = function readdirSync(path) {
  const folder = String(path).replace(/\*$/, '');
  try {
    return fs.readdirSync(folder);
  } catch (e) {
    if (e.code === 'ERR_ACCESS_DENIED') { throw e; }
    return [];
  }
};
exports.readFileSync = function readFileSync(path) {
  return told('fs.readFileSync(): File [' + path + '] not found', function () { return fs.readFileSync(String(path)); });
};
exports.writeFileSync = function writeFileSync(path, data, options) {
  return told('fs.openSync(): Error opening \'' + path + '\'', function () {
    fs.writeFileSync(String(path), typeof data === 'string' || ArrayBuffer.isView(data) ? data : String(data),
      { flag: flags(options && options.flags ? options.flags : 'w') });
  });
};
exports.openSync = function openSync(path, mode, permissions) {
  const how = flags(mode);
  return told('fs.openSync(): Error opening \'' + path + '\'', function () { return fs.openSync(String(path), how, permissions); });
};
exports.closeSync = function closeSync(fd) { return told('fs.closeSync(): FD is invalid', function () { fs.closeSync(fd); }); };
exports.readSync = function readSync(fd, buffer, offset, length, position) {
  if (offset !== null && typeof offset === 'object') { position = offset.position; length = offset.length; offset = offset.offset; }
  // More than fits is what fits, as in the real agent.
  const from = offset || 0, room = buffer.length - from, count = typeof length === 'number' ? Math.min(length, room) : room;
  return told('fs.readSync(): FD is invalid', function () {
    return fs.readSync(fd, buffer, from, count, typeof position === 'number' ? position : null);
  });
};
exports.writeSync = function writeSync(fd, data, offset, length, position) {
  return told('fs.writeSync(): Error writing', function () {
    if (typeof data === 'string') { return fs.writeSync(fd, data); }
    return fs.writeSync(fd, data, offset || 0, typeof length === 'number' ? length : data.length - (offset || 0), typeof position === 'number' ? position : null);
  });
};

// Asynchronous: what else is in the options can be reached from the callback's `this`.
exports.read = function read(fd, options, callback) {
  const buffer = options.buffer;
  setImmediate(function () {
    let failure = null, count = 0;
    try { count = exports.readSync(fd, buffer, options.offset || 0, options.length, options.position); } catch (e) { failure = e; }
    callback.call(options, failure, count, buffer);
  });
};
exports.write = function write(fd, options, callback) {
  setImmediate(function () {
    let failure = null, count = 0;
    try { count = exports.writeSync(fd, options.buffer, options.offset || 0, options.length, options.position); } catch (e) { failure = e; }
    callback.call(options, failure, count, options.buffer);
  });
};

const simple = {
  mkdirSync: function (path) { return ['Unable to create dir: ' + path, path]; },
  rmdirSync: function (path) { return ['Unable to remove dir: ' + path, path]; },
  renameSync: function (from, to) { return ['Error renaming ' + from + ' to ' + to, from, to]; },
  chmodSync: function (path, mode) { return ['Error calling chmod()', path, mode]; },
  chownSync: function (path, uid, gid) { return ['Error calling chown()', path, uid, gid]; },
  copyFileSync: function (from, to) { return ['Error copying ' + from + ' to ' + to, from, to]; },
};
for (const name of Object.keys(simple)) {
  exports[name] = function (...args) {
    const [text, ...passed] = simple[name](...args);
    return told('fs.' + name + '(): ' + text, function () { fs[name](...passed); });
  };
}
// The real agent's removes an empty folder, too, and cores rely on it.
exports.unlinkSync = function unlinkSync(path) {
  return told('fs.unlinkSync(): Error trying to unlink: ' + path, function () {
    if (fs.lstatSync(path).isDirectory()) { fs.rmdirSync(path); } else { fs.unlinkSync(path); }
  });
};
exports.copyFile = function copyFile(from, to, flag, callback) {
  const done = typeof flag === 'function' ? flag : callback;
  setImmediate(function () {
    let failure = null;
    try { exports.copyFileSync(from, to); } catch (e) { failure = e; }
    if (typeof done === 'function') { done(failure); }
  });
};
exports.readDrivesSync = function readDrivesSync() { return []; };

exports.watch = function watch(path, options, listener) { return require('internal/mesh/watch')(path, options, listener); };

const PART = 65536;

exports.createReadStream = function createReadStream(path, options) {
  const given = options || {}, fd = exports.openSync(path, given.flags || 'rb');
  const stream = { _ObjectID: 'fs.ReadStream' };
  let at = typeof given.start === 'number' ? given.start : null, closed = false;
  let left = typeof given.end === 'number' ? given.end + 1 - (given.start || 0) : Infinity, scheduled = false;
  const close = function () {
    if (closed) { return; }
    closed = true;
    fs.closeSync(fd);
    stream.emit('close');
  };
  const step = function () {
    scheduled = false;
    if (closed || stream.isPaused()) { return; }
    let part = Buffer.allocUnsafe(Math.min(PART, left));
    let count = 0;
    try { count = part.length === 0 ? 0 : fs.readSync(fd, part, 0, part.length, at); } catch (e) { close(); stream.emit('error', e); return; }
    if (count === 0) {
      stream.push(null);
      close();
      return;
    }
    if (at !== null) { at += count; }
    left -= count;
    if (stream.push(part.subarray(0, count))) { schedule(); }
  };
  const schedule = function () { if (!scheduled && !closed) { scheduled = true; setImmediate(step); } };
  readable(stream, { read: schedule, paused: function (wait) { if (!wait) { schedule(); } } });
  EventEmitter.call(stream).addMethod('close', close);
  stream.on('newListener2', function (name) { if (name === 'data') { schedule(); } });
  return stream;
};

exports.createWriteStream = function createWriteStream(path, options) {
  const given = options || {}, fd = exports.openSync(path, given.flags || 'wb', given.mode);
  const stream = { _ObjectID: 'fs.WriteStream' };
  let closed = false;
  const close = function () {
    if (closed) { return; }
    closed = true;
    fs.closeSync(fd);
    stream.emit('close');
  };
  writable(stream, {
    write: function (chunk, flush) {
      const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
      for (let done = 0; done < bytes.length && !closed;) { done += fs.writeSync(fd, bytes, done, bytes.length - done, null); }
      flush();
      return true;
    },
    final: function (flush) { close(); flush(); },
  });
  EventEmitter.call(stream).addMethod('close', close);
  return stream;
};
