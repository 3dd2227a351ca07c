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
process.coreDumpLocation = null;
process.RLIMITS = {
  AS: 9, CORE: 4, CPU: 0, DATA: 2, FSIZE: 1, LOCKS: 10, MEMLOCK: 8, MGSQUEUE: 12, NICE: 13, NOFILE: 7, NPROC: 6, RSS: 5, RTPRIO: 14,
  SIGPENDING: 11, STACK: 3,
};

// ---- standard streams, in the dialect's form, made when first asked for --------------------------------------------------

function standard(name, make) {
  let made;
  Object.defineProperty(process, name, { get: function () { return made === undefined ? made = make() : made; }, enumerable: true, configurable: true });
}
for (const name of ['stdout', 'stderr']) {
  const plain = Object.getOwnPropertyDescriptor(process, name).get;
  standard(name, function () {
    const stream = { _ObjectID: 'process.' + name };
    require('stream').writable(stream, {
      write: function (chunk, flush) { plain.call(process).write(chunk); flush(); return true; },
      final: function (flush) { flush(); },
    });
    return stream;
  });
}
// A core of an agent has nobody who types, and the input of a container is its parent's: both are at their end.
standard('stdin', function () {
  const stream = { _ObjectID: 'process.stdin' };
  let input;
  require('stream').readable(stream, {
    read: function () {
      if (!native.hasInput()) { stream.push(null); return; }
      if (input !== undefined) { input.resume(); return; }
      input = require('internal/stdio').input();
      input.on('data', function (chunk) { if (stream.push(chunk) === false) { input.pause(); } });
      input.on('end', function () { stream.push(null); });
      input.on('error', function (e) { stream.emit('error', e); });
    },
  });
  return stream;
});

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
