'use strict';
// The dialect's process: Node's object with the members that differ. Js-host specification 4.

const process = require('node:process');
const os = require('node:os');

process._ObjectID = 'process';
// Read late: the agent is known once the context is complete.
Object.defineProperty(process, 'versions', { get: native.versions, enumerable: true, configurable: true });
process._argv = process.argv;
process.exitting = false;
process.SIGTABLE = os.constants.signals;
process.coreDumpLocation = undefined;
process.RLIMITS = {
  RLIMIT_CPU: 0, RLIMIT_FSIZE: 1, RLIMIT_DATA: 2, RLIMIT_STACK: 3, RLIMIT_CORE: 4, RLIMIT_RSS: 5, RLIMIT_NPROC: 6,
  RLIMIT_NOFILE: 7, RLIMIT_MEMLOCK: 8, RLIMIT_AS: 9,
};

// Scripts add file names to it.
const cwd = process.cwd;
process.cwd = function () { const path = cwd(); return path.endsWith('/') ? path : path + '/'; };

// A copy at each read; setenv is the way to change it.
const environment = process.env;
Object.defineProperty(process, 'env', {
  get: function () { return Object.assign({}, environment); }, set: function () {}, enumerable: true, configurable: true,
});
process.setenv = function setenv(name, value) {
  if (value === undefined || value === null) { delete environment[name]; } else { environment[name] = String(value); }
};
// A process that is gone already is what the caller wanted.
const kill = process.kill;
process.kill = function (pid, signal) {
  try { return kill.call(process, pid, signal); } catch (e) {
    if (e.code !== 'ESRCH') { throw e; }
    return undefined;
  }
};
process._exit = function (code) { native.forceExit(Number(code) || 0); };
process.on('exit', function () { process.exitting = true; });

module.exports = process;
