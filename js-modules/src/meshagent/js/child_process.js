'use strict';
// The dialect's child processes: argv[0] is in the array, an unknown program exits with 1. Js-host specification 8.1.

const { EventEmitter, fail, hide } = require('events');
const { readable, writable } = require('stream');
const child = require('internal/child');
const os = require('node:os');

const SpawnTypes = { DEFAULT: 0, USER: 1, WINLOGON: 2, TERM: 3, DETACHED: 4 };
const names = Object.keys(os.constants.signals);

// Output nobody listens to is kept up to this, then dropped: a child must not hang because of it.
const UNHEARD = 1 << 20;

function signalName(number) {
  if (number === null) { return null; }
  return names.find(function (name) { return os.constants.signals[name] === number; }) || number;
}

function output(object, id, which, started) {
  const stream = { _ObjectID: 'childProcess.subProcess.' + id };
  hide(stream, 'parent', object);
  readable(stream, { paused: function (wait) { if (started.handle) { child.setPaused(started.handle, which, wait); } } });
  let heard = false, kept = 0;
  stream.on('newListener', function (name) { if (name === 'data') { heard = true; } });
  hide(stream, '_take', function (chunk) {
    if (!heard) {
      kept += chunk.length;
      if (kept > UNHEARD) { return; }
    }
    stream.push(chunk);
  });
  return stream;
}

function input(object, started) {
  const stream = { _ObjectID: 'childProcess.subProcess.stdin' };
  hide(stream, 'parent', object);
  let waiting, open = true;
  const pass = function (bytes, flush) {
    const taken = started.handle && open ? child.write(started.handle, bytes) : bytes.length;
    if (taken < bytes.length) { waiting = function () { pass(bytes.subarray(taken), flush); }; return false; }
    flush();
    return true;
  };
  const go = function () { const next = waiting; waiting = undefined; if (next !== undefined) { next(); } };
  writable(stream, {
    write: function (chunk, flush) { return pass(typeof chunk === 'string' ? Buffer.from(chunk) : chunk, flush); },
    final: function (flush) { if (started.handle) { child.closeStdin(started.handle); } flush(); },
  });
  hide(stream, '_drained', go);
  hide(stream, '_gone', function () { open = false; go(); });
  return stream;
}

// A replaced environment is taken as it is; a terminal needs to be named in it.
function environment(env, terminal) {
  if (env === undefined || env === null) {
    if (!terminal) { return undefined; }
    env = Object.assign({}, process.env);
    env.TERM = 'xterm-256color';
  } else if (terminal && env.TERM === undefined) {
    env = Object.assign({ TERM: 'xterm-256color' }, env);
  }
  return Object.keys(env).map(function (key) { return [key, String(env[key])]; });
}

function size(env, key) {
  const value = env === undefined || env === null ? NaN : Number(env[key]);
  return value > 0 && value < 65536 ? value : undefined;
}

function execFile(path, args, options) {
  if (typeof path !== 'string' || path === '') { throw fail('child_process.execFile(): the path of a program is needed'); }
  const list = args === undefined || args === null ? [] : Array.prototype.map.call(args, String);
  const given = options || {};
  const terminal = given.type === SpawnTypes.TERM;
  const object = { _ObjectID: 'childProcess.subProcess' }, started = { handle: undefined };
  EventEmitter.call(object, true).createEvent('exit', 'error');
  hide(object, '_target', path);
  hide(object, 'descriptorMetadata', undefined);
  hide(object, 'stdout', output(object, 'stdout', 0, started));
  hide(object, 'stdin', input(object, started));
  // A terminal mixes both outputs; who waits for the second finds it there, and silent.
  hide(object, 'stderr', output(object, 'stderr', 1, started));
  hide(object, '_ended', false);

  const events = {
    stdout: function (chunk) { object.stdout._take(chunk); },
    stderr: function (chunk) { object.stderr._take(chunk); },
    stdoutEnd: function () { object.stdout.push(null); },
    stderrEnd: function () { object.stderr.push(null); },
    drain: function () { object.stdin._drained(); },
    stdinClosed: function () { object.stdin._gone(); },
    error: function (text) { object.emit('error', fail(text)); },
    exit: function (code, signal) {
      object._ended = true;
      object.stdin._gone();
      object.emit('exit', code, signalName(signal));
    },
  };
  const passwd = given.uid === undefined || given.uid === null ? undefined : native.user(Number(given.uid));
  const answer = child.spawn({
    file: path,
    argv0: list.length > 0 ? list[0] : path,
    args: list.slice(1),
    env: environment(given.env, terminal),
    uid: given.uid,
    gid: passwd === undefined ? undefined : passwd.gid,
    detached: given.type === SpawnTypes.DETACHED || Boolean(given.detached),
    stdio: ['pipe', 'pipe', 'pipe'],
    terminal: terminal ? {
      rows: size(given.env, 'LINES'), columns: size(given.env, 'COLUMNS'),
      input: given.c_iflag, output: given.c_oflag, local: given.c_lflag,
    } : undefined,
  }, function (kind, a, b) { events[kind](a, b); });

  if (answer.code !== undefined) {
    // No exception: the caller learns of it as of a program that failed at once.
    object.pid = 0;
    hide(object, 'startError', answer.text);
    setImmediate(function () { events.stdoutEnd(); events.stderrEnd(); events.exit(1, null); });
  } else {
    started.handle = answer;
    object.pid = child.pid(answer);
  }
  if (terminal) {
    hide(object, 'pty', answer.code === undefined ? child.terminalPath(answer) : '');
    hide(object, 'tcsetsize', function tcsetsize(rows, columns) {
      if (started.handle !== undefined && !object._ended) { child.resize(started.handle, Number(rows), Number(columns)); }
    });
  }
  hide(object, 'kill', function kill(signal) {
    if (started.handle === undefined || object._ended) { return; }
    const number = signal === undefined ? os.constants.signals.SIGKILL
      : typeof signal === 'number' ? signal : os.constants.signals[String(signal).toUpperCase()];
    if (number === undefined) { throw fail('kill(): there is no signal ' + signal); }
    child.kill(started.handle, number);
  });
  hide(object, 'waitExit', function waitExit(ms) {
    if (object._ended) { return; }
    if (started.handle !== undefined) { child.waitExit(started.handle, ms); return; }
    events.stdoutEnd();
    events.stderrEnd();
    events.exit(1, null);
    // The immediate must not tell it again.
    events.exit = events.stdoutEnd = events.stderrEnd = function () {};
  });
  hide(object, '_sigsink', function () {});
  return object;
}

exports._ObjectID = 'childProcess';
EventEmitter.call(exports);
exports.SpawnTypes = SpawnTypes;
exports.execFile = execFile;

// Becomes another program; comes back only when that fails.
exports._execve = function _execve(path, argv, env) {
  const list = Array.prototype.map.call(argv || [path], String);
  const answer = child.replace({
    file: String(path),
    argv0: list.length > 0 ? list[0] : String(path),
    args: list.slice(1),
    env: env === undefined || env === null ? undefined : Object.keys(env).map(function (key) { return [key, String(env[key])]; }),
  });
  throw fail('child_process._execve(): ' + answer.text);
};
// The bits of a terminal's modes, as numbers of this system.
exports.c_iflags = { IGNBRK: 1, BRKINT: 2, IGNPAR: 4, PARMRK: 8, INPCK: 16, ISTRIP: 32, INLCR: 64, IGNCR: 128, ICRNL: 256, IUCLC: 512, IXON: 1024, IXANY: 2048, IXOFF: 4096, IMAXBEL: 8192 };
exports.c_oflags = { OPOST: 1, OLCUC: 2, ONLCR: 4, OCRNL: 8, ONOCR: 16, ONLRET: 32, OFILL: 64, OFDEL: 128 };
exports.c_lflags = { ISIG: 1, ICANON: 2, ECHO: 8, ECHOE: 16, ECHOK: 32, ECHONL: 64, NOFLSH: 128, TOSTOP: 256, ECHOCTL: 512, ECHOKE: 2048, IEXTEN: 32768 };
