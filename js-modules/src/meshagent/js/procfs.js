'use strict';
// Processes as /proc shows them.

const fs = require('node:fs');
const { read } = require('internal/run');

exports.pids = function pids() {
  return fs.readdirSync('/proc').filter((name) => /^\d+$/.test(name)).map(Number).sort((a, b) => a - b);
};

// The words of a process's command line; none for a kernel thread.
exports.words = function words(pid) {
  const parts = read('/proc/' + pid + '/cmdline').split('\0');
  if (parts[parts.length - 1] === '') { parts.pop(); }
  return parts;
};

// Its environment as an object.
exports.environment = function environment(pid) {
  const result = {};
  for (const entry of read('/proc/' + pid + '/environ').split('\0')) {
    const at = entry.indexOf('=');
    if (at > 0) { result[entry.substring(0, at)] = entry.substring(at + 1); }
  }
  return result;
};

// The lines `Name:\tvalue` of its status, or null when it is gone.
exports.status = function status(pid) {
  const text = read('/proc/' + pid + '/status');
  if (text === '') { return null; }
  const result = {};
  for (const line of text.split('\n')) {
    const at = line.indexOf(':');
    if (at > 0) { result[line.substring(0, at)] = line.substring(at + 1).trim(); }
  }
  return result;
};

exports.owner = function owner(pid) {
  try { return fs.statSync('/proc/' + pid).uid; } catch (e) { return undefined; }
};
exports.name = function name(pid) { return read('/proc/' + pid + '/comm').trim(); };
