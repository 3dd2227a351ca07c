'use strict';
// zip-reader: `read(path)` gives a promise of the archive's contents: names, streams, `extractAll`. Everything in an
// archive is hostile: names, sizes and offsets are checked before they are used. Js-host specification 8.6.

const fs = require('node:fs');
const { dirname } = require('node:path');
const promise = require('promise');
const { crc32, createInflateRaw } = require('node:zlib');
const { EventEmitter, fail, hide } = require('events');
const { readable } = require('stream');

const PART = 65536;
// The end record with the longest comment, and the largest table of contents that is read.
const MOST_TAIL = 22 + 65535, MOST_TABLE = 32 << 20;
const LOCAL = 0x04034b50, CENTRAL = 0x02014b50, END = 0x06054b50;
const STORED = 0, DEFLATED = 8;

function bytesAt(fd, position, length) {
  const out = Buffer.allocUnsafe(length);
  let done = 0;
  while (done < length) {
    const count = fs.readSync(fd, out, done, length - done, position + done);
    if (count === 0) { throw fail('the archive ends early'); }
    done += count;
  }
  return out;
}

function endRecord(fd, size) {
  const tail = bytesAt(fd, Math.max(0, size - MOST_TAIL), Math.min(size, MOST_TAIL));
  for (let at = tail.length - 22; at >= 0; at--) {
    if (tail.readUInt32LE(at) === END && at + 22 + tail.readUInt16LE(at + 20) <= tail.length) { return tail.subarray(at, at + 22); }
  }
  throw fail('not a ZIP archive');
}

// The entries by name; two of a name are one, the last.
function contents(fd, size) {
  const end = endRecord(fd, size), count = end.readUInt16LE(10), length = end.readUInt32LE(12), start = end.readUInt32LE(16);
  if (end.readUInt16LE(4) !== 0 || start === 0xffffffff || count === 65535) { throw fail('archives in parts and ZIP64 archives are not read here'); }
  if (length > MOST_TABLE || start + length > size) { throw fail('the archive\'s table of contents is damaged'); }
  const table = bytesAt(fd, start, length), entries = new Map();
  let at = 0;
  for (let i = 0; i < count; i++) {
    if (at + 46 > length || table.readUInt32LE(at) !== CENTRAL) { throw fail('the archive\'s table of contents is damaged'); }
    const nameLength = table.readUInt16LE(at + 28), next = at + 46 + nameLength + table.readUInt16LE(at + 30) + table.readUInt16LE(at + 32);
    if (next > length) { throw fail('the archive\'s table of contents is damaged'); }
    const flags = table.readUInt16LE(at + 8), name = table.toString(flags & 0x800 ? 'utf8' : 'latin1', at + 46, at + 46 + nameLength);
    entries.set(name, {
      name, flags, method: table.readUInt16LE(at + 10), crc: table.readUInt32LE(at + 16), packed: table.readUInt32LE(at + 20),
      size: table.readUInt32LE(at + 24), offset: table.readUInt32LE(at + 42),
    });
    at = next;
  }
  // Entries that share bytes are how a small archive becomes endless.
  const order = Array.from(entries.values()).sort((a, b) => a.offset - b.offset);
  order.forEach(function (entry, i) {
    const limit = i + 1 < order.length ? order[i + 1].offset : start;
    if (entry.offset + 30 + entry.packed > limit) { throw fail('the archive\'s entries overlap'); }
  });
  return entries;
}

// The bytes of an entry, as a source to read step by step: `next(callback(error, bytes or null))`.
function source(path, entry) {
  if (entry.flags & 1) { throw fail(entry.name + ' is encrypted'); }
  if (entry.method !== STORED && entry.method !== DEFLATED) { throw fail(entry.name + ' is packed by a method that is not known here'); }
  const fd = fs.openSync(path, 'r');
  let coder, at, left, sum = 0, total = 0, over = false, asked, ended = false, queue = [];
  const close = function () {
    if (over) { return; }
    over = true;
    fs.closeSync(fd);
    if (coder !== undefined) { coder.destroy(); }
  };
  const answer = function (error, bytes) {
    const callback = asked;
    asked = undefined;
    if (error || bytes === null) { close(); }
    callback(error, bytes);
  };
  const fault = function (error) { if (asked !== undefined) { answer(error); } else { close(); } };
  const pump = function () {
    if (over || asked === undefined) { return; }
    if (queue.length > 0) {
      const bytes = queue.shift();
      total += bytes.length;
      if (total > entry.size) { fault(fail(entry.name + ' is longer than it says')); return; }
      sum = crc32(bytes, sum);
      answer(null, bytes);
    } else if (ended) {
      if (total !== entry.size || sum !== entry.crc) { fault(fail(entry.name + ' is damaged')); } else { answer(null, null); }
    } else if (left > 0) {
      let bytes;
      try { bytes = bytesAt(fd, at, Math.min(PART, left)); } catch (e) { fault(e); return; }
      at += bytes.length;
      left -= bytes.length;
      if (coder === undefined) { queue.push(bytes); setImmediate(pump); } else { coder.write(bytes, function () { setImmediate(pump); }); }
    } else if (coder === undefined) {
      ended = true;
      pump();
    } else if (!coder.writableEnded) {
      coder.end();
    }
  };
  try {
    const header = bytesAt(fd, entry.offset, 30);
    if (header.readUInt32LE(0) !== LOCAL) { throw fail('the archive is damaged at ' + entry.name); }
    at = entry.offset + 30 + header.readUInt16LE(26) + header.readUInt16LE(28);
    left = entry.packed;
    if (entry.method === DEFLATED) {
      coder = createInflateRaw();
      coder.on('data', function (bytes) { queue.push(bytes); if (asked !== undefined) { setImmediate(pump); } });
      coder.on('end', function () { ended = true; pump(); });
      coder.on('error', function (e) { fault(fail(entry.name + ' is damaged', e)); });
    }
  } catch (e) {
    close();
    throw e;
  }
  return { next: function (callback) { asked = callback; pump(); }, close };
}

function streamOf(path, entry) {
  const self = { _ObjectID: 'zip-reader.fileStream' };
  let from, reading = false, over = false;
  const read = function () {
    if (reading || over || self.isPaused()) { return; }
    reading = true;
    if (from === undefined) { from = source(path, entry); }
    from.next(function (error, bytes) {
      reading = false;
      if (error) { over = true; if (self.listenerCount('error') > 0) { self.emit('error', error); } self.push(null); return; }
      if (bytes === null) { over = true; self.push(null); return; }
      if (self.push(bytes)) { setImmediate(read); }
    });
  };
  readable(self, { read, paused: function (wait) { if (!wait) { setImmediate(read); } } });
  self.on('newListener2', function (name) { if (name === 'data') { setImmediate(read); } });
  hide(self, 'crc', entry.crc);
  return self;
}

// Where an entry goes below a folder. A name that leads out of it is an attack, not a mistake.
function below(folder, name) {
  const parts = name.replace(/\\/g, '/').split('/').filter((part) => part !== '' && part !== '.');
  if (name[0] === '/' || name[0] === '\\' || /^[a-z]:/i.test(name) || parts.includes('..') || name.includes('\0') || parts.length === 0) {
    throw fail('the archive has an unsafe name: ' + name);
  }
  return folder + '/' + parts.join('/');
}

function extract(path, entries, folder, settled) {
  const list = entries.map(function (entry) { return { entry, to: below(folder, entry.name) }; });
  let at = 0;
  const nextFile = function () {
    if (at >= list.length) { settled._res(); return; }
    const { entry, to } = list[at++];
    let fd, from;
    const done = function (error) {
      if (from !== undefined) { from.close(); }
      if (fd !== undefined) { fs.closeSync(fd); }
      if (error) { settled._rej(error.message); } else { setImmediate(nextFile); }
    };
    try {
      if (entry.name.endsWith('/')) { fs.mkdirSync(to, { recursive: true }); done(); return; }
      fs.mkdirSync(dirname(to), { recursive: true });
      from = source(path, entry);
      fd = fs.openSync(to, 'w');
    } catch (e) { done(e); return; }
    const step = function (error, bytes) {
      if (error || bytes === null) { done(error); return; }
      try { for (let n = 0; n < bytes.length;) { n += fs.writeSync(fd, bytes, n, bytes.length - n, null); } } catch (e) { done(e); return; }
      setImmediate(function () { from.next(step); });
    };
    from.next(step);
  };
  setImmediate(nextFile);
}

function zipped(path, entries) {
  const object = { _ObjectID: 'zip-reader.zippedObject' };
  EventEmitter.call(object);
  const known = function (name) {
    const entry = entries.get(String(name));
    if (entry === undefined) { throw fail('zip-reader: \'' + name + '\' is not in the archive'); }
    return entry;
  };
  object.files = Array.from(entries.keys()).filter((name) => !name.endsWith('/'));
  object.crc = function crc(name) { return known(name).crc; };
  object.getStream = function getStream(name) { return streamOf(path, known(name)); };
  object.extractAll = function extractAll(folder) {
    const settled = new promise(promise.defaultInit);
    try { extract(path, Array.from(entries.values()), String(folder).replace(/(.)\/+$/, '$1'), settled); } catch (e) { settled._rej(e.message); }
    return settled;
  };
  // Files are open only while they are read.
  object.close = function close() {};
  return object;
}

exports._ObjectID = 'zip-reader';
exports.isZip = function isZip(path) {
  const { size } = require('fs').statSync(path);
  if (size < 22) { return false; }
  const fd = fs.openSync(String(path), 'r');
  try { endRecord(fd, size); return true; } catch (e) { return false; } finally { fs.closeSync(fd); }
};
exports.read = function read(path) {
  const settled = new promise(promise.defaultInit);
  let fd;
  try {
    try { fd = fs.openSync(String(path), 'r'); } catch (e) { throw e.code === 'ENOENT' ? fail('File not found') : e; }
    const { size } = fs.fstatSync(fd);
    if (size < 22) { throw fail('not a ZIP archive'); }
    settled._res(zipped(String(path), contents(fd, size)));
  } catch (e) {
    settled._rej(e.message);
  } finally {
    if (fd !== undefined) { fs.closeSync(fd); }
  }
  return settled;
};
