'use strict';
// Shared libraries and programs of the system.

const run = require('internal/run');
const fs = require('node:fs');

// Folders that the loader looks into when it has no cache, as on musl.
const FOLDERS = ['/lib', '/usr/lib', '/lib64', '/usr/lib64', '/usr/local/lib'];

// The libraries of a name: `[{lib, path, hwcap, libc}]`.
module.exports = function find(name) {
  const listed = run.output('ldconfig', ['-p']), found = [];
  if (listed !== null) {
    for (const line of listed.split('\n')) {
      const entry = /^\s*(\S+) \(([^)]*)\) => (\S+)/.exec(line);
      if (entry === null || !entry[1].startsWith(name + '.so')) { continue; }
      const kinds = entry[2].split(',').map((kind) => kind.trim());
      const hwcap = kinds.find((kind) => kind.startsWith('hwcap'));
      found.push({ lib: entry[1], path: entry[3], hwcap: hwcap === undefined ? '0' : hwcap.split(':')[1].trim(), libc: kinds[0] });
    }
    return found;
  }
  for (const folder of FOLDERS) {
    let names = [];
    try { names = fs.readdirSync(folder); } catch (e) { continue; }
    for (const lib of names.filter((one) => one.startsWith(name + '.so'))) {
      found.push({ lib, path: folder + '/' + lib, hwcap: '0', libc: 'libc6' });
    }
  }
  return found;
};
module.exports.findBinary = function findBinary(name) { return run.find(String(name)); };
module.exports.hasBinary = function hasBinary(name) { return run.find(String(name)) !== null; };
