'use strict';
// The agent's log of errors, read back. Lines are `[2026-01-02 03:04:05 AM] [HASH] file:line (n,m) text`.

const fs = require('node:fs');

const MOST = 1 << 20;

function tail(path) {
  let fd;
  try {
    fd = fs.openSync(path, 'r');
  } catch (e) {
    return '';
  }
  try {
    const size = fs.fstatSync(fd).size, length = Math.min(size, MOST), bytes = Buffer.alloc(length);
    const read = fs.readSync(fd, bytes, 0, length, size - length);
    return bytes.subarray(0, read).toString('latin1');
  } finally {
    fs.closeSync(fd);
  }
}

const LINE = /^\[(\d{4})-(\d\d)-(\d\d) (\d\d):(\d\d):(\d\d) ([AP]M)\] (?:\[([0-9A-Fa-f]+)\] )?(?:(\S+):(\d+) )?(?:\(\d+,\d+\) )?(.*)$/;

function parse(text) {
  const entries = [];
  for (const line of text.split('\n')) {
    const at = LINE.exec(line);
    if (at === null) {
      // What follows a line without a time belongs to it.
      if (entries.length > 0 && line.trim() !== '') { entries[entries.length - 1].m += '\n' + line; }
      continue;
    }
    const hour = Number(at[4]) % 12 + (at[7] === 'PM' ? 12 : 0);
    const entry = { t: Math.floor(new Date(Number(at[1]), at[2] - 1, Number(at[3]), hour, Number(at[5]), Number(at[6])).getTime() / 1000), m: at[11] };
    if (at[8] !== undefined) { entry.h = at[8]; }
    if (at[9] !== undefined) { entry.f = at[9]; entry.l = at[10]; }
    entries.push(entry);
  }
  return entries;
}

exports.readEx = function readEx(criteria, path) {
  const file = path === undefined ? require('node:process').execPath + '.log' : String(path);
  let entries = parse(tail(file));
  if (typeof criteria === 'number' && criteria > 0) {
    // A small number is a count, a large one a time.
    entries = criteria < 1000000000 ? entries.slice(-criteria) : entries.filter((entry) => entry.t >= criteria);
  }
  return entries;
};
exports.read = function read(criteria, path) { return exports.readEx(criteria, path); };
