'use strict';
// Programs of a person's desktop: where it is, and running one there.

const { spawn } = require('node:child_process');
const promise = require('promise');
const procfs = require('internal/procfs');
const run = require('internal/run');

// How long a person's answer is waited for beyond what the box itself counts, and how much a program may print.
const GRACE_MS = 10000, MOST = 4 << 20;

// What a program needs to reach the desktop of a person: `{uid, gid, env}`. Throws when there is none.
exports.of = function of(uid) {
  const sessions = require('user-sessions');
  const who = uid === undefined || uid === null ? sessions.consoleUid() : Number(uid);
  const found = { PATH: '/usr/local/bin:/usr/bin:/bin', HOME: sessions.getHomeFolder(who), XDG_RUNTIME_DIR: '/run/user/' + who };
  const bus = sessions.findEnv(who, 'DBUS_SESSION_BUS_ADDRESS');
  found.DBUS_SESSION_BUS_ADDRESS = bus || 'unix:path=/run/user/' + who + '/bus';
  const wayland = sessions.findEnv(who, 'WAYLAND_DISPLAY');
  if (wayland) { found.WAYLAND_DISPLAY = wayland; }
  let x = null;
  try { x = require('monitor-info').getXInfo(who); } catch (e) { if (!wayland) { throw e; } }
  if (x !== null) {
    found.DISPLAY = x.display;
    if (x.xauthority) { found.XAUTHORITY = x.xauthority; }
  }
  const options = { env: found };
  // Only root may become somebody else.
  if (sessions.isRoot() && who !== 0) { Object.assign(options, { uid: who, gid: sessions.getGroupID(who) }); }
  return options;
};

// Programs that are X servers, by the name of their process.
const SERVERS = /^(Xorg|Xorg\.bin|X|Xvfb|Xvnc|Xtigervnc|Xwayland)$/;

// Where the X screen is, `{display, xauthority}`: of this process, of the person at the screen, of a person by number, or
// what a running server was started with (a greeter's, one without anybody). Throws when there is none.
exports.screen = function screen(uid) {
  const monitors = require('monitor-info'), sessions = require('user-sessions');
  if (uid !== undefined && uid !== null) { return monitors.getXInfo(uid); }
  const env = require('process').env;
  if (env.DISPLAY) { return { display: env.DISPLAY, xauthority: env.XAUTHORITY || (env.HOME ? env.HOME + '/.Xauthority' : '') }; }
  let why = null;
  try {
    let who = sessions.Self();
    try { who = sessions.consoleUid(); } catch (e) { /* Nobody there: our own processes may have a display. */ }
    return monitors.getXInfo(who);
  } catch (e) {
    why = e;
  }
  const self = sessions.Self();
  for (const pid of procfs.pids()) {
    if (!SERVERS.test(procfs.name(pid)) || (self !== 0 && procfs.owner(pid) !== self)) { continue; }
    const words = procfs.words(pid), auth = words.indexOf('-auth');
    const display = words.find((word) => /^:\d+$/.test(word));
    if (display !== undefined) { return { display, xauthority: auth > 0 ? words[auth + 1] || '' : '', exists: true }; }
  }
  throw why;
};

// The first of these programs that is installed, `[name, path]`, or null.
exports.first = function first(names) {
  for (const name of names) {
    const path = run.find(name);
    if (path !== null) { return [name, path]; }
  }
  return null;
};

// Runs a program on a desktop; resolves with `(code, output)`. `seconds` bounds it; `kill()` ends it.
exports.run = function (path, args, where, input, seconds) {
  const result = new promise(promise.defaultInit);
  const child = spawn(path, args, Object.assign({ stdio: ['pipe', 'pipe', 'ignore'] }, where));
  const parts = [];
  let length = 0;
  const timer = seconds === undefined ? undefined : setTimeout(function () { child.kill('SIGTERM'); }, seconds * 1000 + GRACE_MS);
  child.stdout.on('data', function (chunk) {
    length += chunk.length;
    if (length <= MOST) { parts.push(chunk); } else { child.kill('SIGKILL'); }
  });
  child.stdin.on('error', function () { /* It took no input. */ });
  child.on('error', function (e) { clearTimeout(timer); result._rej(path + ': ' + e.message); });
  child.on('close', function (code) { clearTimeout(timer); result._res(code, Buffer.concat(parts)); });
  child.stdin.end(input === undefined ? '' : input);
  result.kill = function kill() { child.kill('SIGTERM'); };
  return result;
};
