'use strict';
// zip-writer: `write({ files, basePath })` gives a readable of a ZIP archive (APPNOTE 6.3, no ZIP64), made while it is read.
// Js-host specification 8.6.

const fs = require('node:fs');
const { crc32, createDeflateRaw } = require('node:zlib');
const { EventEmitter, fail, hide } = require('events');
const { readable } = require('stream');

// Bytes read at once; between two reads the chain turns.
const PART = 65536;
// What the format can count without ZIP64.
const MOST_BYTES = 0xffffffff, MOST_ENTRIES = 65535, MOST_NAME = 65535, MOST_DEEP = 64;

const LOCAL = 0x04034b50, DESCRIPTOR = 0x08074b50, CENTRAL = 0x02014b50, END = 0x06054b50;
const DEFLATED = 8, STORED = 0;
// Sizes follow the data; names are UTF-8.
const FLAGS = 0x0808;
const UNIX = 3 << 8 | 20;

// The files to pack, folders opened: `{ path, name, stat }`. Links inside folders lead in circles and out: they are left out.
function listed(files, base) {
  const all = [];
  const add = function (path, stat, deep) {
    let name = path;
    if (path.startsWith(base + '/')) { name = path.substring(base.length + 1); }
    name = name.replace(/^(?:\.*\/)+/, '');
    if (stat.isDirectory()) {
      if (deep >= MOST_DEEP) { return; }
      let names = [];
      try { names = fs.readdirSync(path).sort(); } catch (e) { /* What cannot be read is not packed. */ }
      const before = all.length;
      for (const one of names) {
        let inner;
        try { inner = fs.lstatSync(path + '/' + one); } catch (e) { continue; }
        add(path + '/' + one, inner, deep + 1);
      }
      if (all.length > before) { return; }
      name += '/';
    } else if (!stat.isFile()) {
      return;
    }
    if (all.length >= MOST_ENTRIES || Buffer.byteLength(name) > MOST_NAME) { throw fail('zip-writer: too many files for one archive, or too long a name'); }
    all.push({ path, name: Buffer.from(name), stat, folder: stat.isDirectory() });
  };
  for (const given of files) {
    const path = String(given).replace(/(.)\/+$/, '$1');
    let stat;
    try { stat = fs.statSync(path); } catch (e) { continue; }
    add(path, stat, 0);
  }
  return all;
}

// The folder that all files lie in: names are relative to it when nothing else is said.
function shared(files) {
  const folders = files.map((path) => String(path).replace(/\/+$/, '').split('/').slice(0, -1));
  if (folders.length === 0) { return ''; }
  const differs = folders[0].findIndex((part, i) => folders.some((other) => other[i] !== part));
  return folders[0].slice(0, differs < 0 ? folders[0].length : differs).join('/');
}

// Two seconds a step, local time, from 1980 on.
function dosTime(ms) {
  const t = new Date(ms), year = Math.min(Math.max(t.getFullYear(), 1980), 2107);
  return [t.getHours() << 11 | t.getMinutes() << 5 | t.getSeconds() >> 1, (year - 1980) << 9 | (t.getMonth() + 1) << 5 | t.getDate()];
}

function record(signature, ...fields) {
  const out = Buffer.alloc(4 + fields.reduce(function (all, field) { return all + field[0]; }, 0));
  out.writeUInt32LE(signature, 0);
  let at = 4;
  for (const [size, value] of fields) {
    if (size === 2) { out.writeUInt16LE(value, at); } else { out.writeUInt32LE(value, at); }
    at += size;
  }
  return out;
}

function localHeader(entry) {
  return Buffer.concat([record(LOCAL, [2, 20], [2, FLAGS], [2, entry.method], [2, entry.time[0]], [2, entry.time[1]],
    [4, 0], [4, 0], [4, 0], [2, entry.name.length], [2, 0]), entry.name]);
}

function centralHeader(entry) {
  const mode = (entry.stat.mode & 0xffff) * 65536 + (entry.folder ? 0x10 : 0);
  return Buffer.concat([record(CENTRAL, [2, UNIX], [2, 20], [2, FLAGS], [2, entry.method], [2, entry.time[0]], [2, entry.time[1]],
    [4, entry.crc], [4, entry.packed], [4, entry.size], [2, entry.name.length], [2, 0], [2, 0], [2, 0], [2, 0], [4, mode],
    [4, entry.offset]), entry.name]);
}

exports._ObjectID = 'zip-writer';
exports.write = function write(options) {
  const files = options.files || [], base = options.basePath === undefined ? shared(files) : String(options.basePath).replace(/\/+$/, '');
  const entries = listed(files, base), self = { _ObjectID: 'zip-writer.duplexStream' };
  let position = 0, at = 0, over = false, waiting, coder, fd;

  const release = function () {
    if (fd !== undefined) { const open = fd; fd = undefined; try { fs.closeSync(open); } catch (e) { /* Gone already. */ } }
    if (coder !== undefined) { coder.destroy(); coder = undefined; }
  };
  const stop = function (error) {
    if (over) { return; }
    over = true;
    release();
    if (error !== undefined && self.listenerCount('error') > 0) { self.emit('error', error); }
    self.push(null);
  };
  // Goes on with `next` in a later turn, once the reader takes more.
  const then = function (next) {
    if (over) { return; }
    if (self.isPaused() || self._getBufferedWrites() > 0) { waiting = next; return; }
    setImmediate(function () { run(next); });
  };
  const run = function (next) {
    if (over) { return; }
    if (self.isPaused() || self._getBufferedWrites() > 0) { waiting = next; return; }
    try { next(); } catch (e) { stop(e); }
  };
  const on = function () { const next = waiting; waiting = undefined; if (next !== undefined) { then(next); } };
  const put = function (bytes) {
    position += bytes.length;
    if (position > MOST_BYTES) { throw fail('zip-writer: the archive is larger than 4 GiB'); }
    self.push(bytes);
  };

  const nextEntry = function () {
    if (at >= entries.length) { finish(); return; }
    const entry = entries[at++];
    entry.time = dosTime(entry.stat.mtimeMs);
    entry.method = entry.folder ? STORED : DEFLATED;
    entry.crc = entry.size = entry.packed = 0;
    if (!entry.folder) {
      // What vanished or may not be read since is left out.
      try { fd = fs.openSync(entry.path, fs.constants.O_RDONLY | fs.constants.O_NONBLOCK); } catch (e) { entry.skipped = true; then(nextEntry); return; }
    }
    entry.offset = position;
    put(localHeader(entry));
    if (entry.folder) { close(entry); return; }
    coder = createDeflateRaw();
    coder.on('data', function (bytes) {
      if (over) { return; }
      entry.packed += bytes.length;
      try { put(bytes); } catch (e) { stop(e); }
    });
    coder.on('error', stop);
    then(function () { part(entry); });
  };
  const part = function (entry) {
    const bytes = Buffer.allocUnsafe(PART), count = fs.readSync(fd, bytes, 0, PART, null);
    if (count === 0) {
      coder.on('end', function () { release(); then(function () { close(entry); }); });
      coder.end();
      return;
    }
    const piece = bytes.subarray(0, count);
    entry.crc = crc32(piece, entry.crc);
    entry.size += count;
    if (entry.size > MOST_BYTES) { throw fail('zip-writer: ' + entry.path + ' is larger than 4 GiB'); }
    coder.write(piece, function () {
      self.emit('progress', entry.path, entry.stat.size > 0 ? Math.min(100, Math.floor(entry.size * 100 / entry.stat.size)) : 100);
      then(function () { part(entry); });
    });
  };
  const close = function (entry) {
    put(record(DESCRIPTOR, [4, entry.crc], [4, entry.packed], [4, entry.size]));
    then(nextEntry);
  };
  const finish = function () {
    const kept = entries.filter((entry) => !entry.skipped), start = position;
    for (const entry of kept) { put(centralHeader(entry)); }
    put(record(END, [2, 0], [2, 0], [2, kept.length], [2, kept.length], [4, position - start], [4, start], [2, 0]));
    over = true;
    self.push(null);
  };

  readable(self, { read: on, paused: function (wait) { if (!wait) { on(); } } });
  EventEmitter.call(self).createEvent('progress', 'cancel').addMethod('cancel', function cancel(callback) {
    if (typeof callback === 'function') { self.once('cancel', callback); }
    setImmediate(function () { stop(); self.emit('cancel'); });
  });
  hide(self, 'options', options);
  waiting = nextEntry;
  self.on('newListener2', function (name) { if (name === 'data') { on(); } });
  return self;
};
