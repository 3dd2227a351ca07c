'use strict';
// Programs that the embedded modules ask, run to their end without the event loop, and looked for on the PATH.

const fs = require('node:fs');
const { spawnSync } = require('node:child_process');

const FOLDERS = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];

// Where a program is, or null. The PATH first, then where administrators' tools are: services often have a short PATH.
exports.find = function find(name) {
  if (name.includes('/')) { return isProgram(name) ? name : null; }
  const given = String(require('node:process').env.PATH || '').split(':').filter((folder) => folder.startsWith('/'));
  for (const folder of given.concat(FOLDERS)) {
    const path = folder + '/' + name;
    if (isProgram(path)) { return path; }
  }
  return null;
};

function isProgram(path) {
  try {
    const found = fs.statSync(path);
    return found.isFile() && (found.mode & 0o111) !== 0;
  } catch (e) {
    return false;
  }
}

// What a program prints, or null when it is missing, fails or takes longer than the limit.
exports.output = function output(name, args, options) {
  const path = exports.find(name);
  if (path === null) { return null; }
  const done = spawnSync(path, args, Object.assign({ timeout: 10000, maxBuffer: 4 << 20, encoding: 'utf8' }, options));
  return done.status === 0 ? done.stdout : null;
};

// Its exit code, or null as above.
exports.status = function status(name, args, options) {
  const path = exports.find(name);
  if (path === null) { return null; }
  return spawnSync(path, args, Object.assign({ timeout: 30000, maxBuffer: 4 << 20, encoding: 'utf8' }, options)).status;
};

// The text of a small file, or '' when it cannot be read. Decoded here: the dialect's buffers end at their first NUL as
// texts, and what the kernel tells of processes has one between each two words.
exports.read = function read(path) {
  try { return new TextDecoder('utf-8', { ignoreBOM: true }).decode(fs.readFileSync(path)); } catch (e) { return ''; }
};
