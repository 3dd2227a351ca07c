'use strict';
// The account files of the system, and who is logged in.

const fs = require('node:fs');
const { read } = require('internal/run');

function rows(path, wanted) {
  return read(path).split('\n').map((line) => line.split(':')).filter((row) => row.length >= wanted && row[0] !== '');
}

exports.users = function users() {
  return rows('/etc/passwd', 7).map((row) => ({ name: row[0], uid: Number(row[2]), gid: Number(row[3]), home: row[5], shell: row[6] }));
};
exports.groups = function groups() {
  return rows('/etc/group', 3).map((row) => ({ name: row[0], gid: Number(row[2]) }));
};
exports.userOf = function userOf(id) {
  const wanted = String(id), all = exports.users();
  return all.find((user) => String(user.uid) === wanted);
};
exports.userNamed = function userNamed(name) { return exports.users().find((user) => user.name === name); };

// The range of ids that people have.
exports.range = function range() {
  const result = { MIN: 1000, MAX: 60000 };
  for (const line of read('/etc/login.defs').split('\n')) {
    const found = /^\s*UID_(MIN|MAX)\s+(\d+)/.exec(line);
    if (found !== null) { result[found[1]] = Number(found[2]); }
  }
  return result;
};

// Sessions as logind keeps them: `{Id, Username, uid, State, Seat, TTY, Display, Type, Remote}`.
function ofLogind() {
  let names;
  try { names = fs.readdirSync('/run/systemd/sessions'); } catch (e) { return null; }
  const sessions = [];
  for (const id of names) {
    if (id.endsWith('.ref')) { continue; }
    const values = {};
    for (const line of read('/run/systemd/sessions/' + id).split('\n')) {
      const at = line.indexOf('=');
      if (at > 0) { values[line.substring(0, at)] = line.substring(at + 1); }
    }
    if (values.UID === undefined || values.CLASS === 'manager') { continue; }
    const user = exports.userOf(values.UID);
    sessions.push({
      Id: id, Username: values.USER || (user ? user.name : values.UID), uid: Number(values.UID),
      State: values.STATE || (values.ACTIVE === '1' ? 'active' : 'online'), Seat: values.SEAT, TTY: values.TTY,
      Display: values.DISPLAY, Type: values.TYPE, Class: values.CLASS, Remote: values.REMOTE === '1',
    });
  }
  return sessions;
}

// A record of utmp is 384 bytes on every Linux: type, pid, line[32], id[4], user[32], host[256], …
const RECORD = 384, USER_PROCESS = 7, MOST = 4096;

function ofUtmp() {
  let bytes;
  try { bytes = fs.readFileSync('/run/utmp'); } catch (e) { return []; }
  const sessions = [];
  const text = function (from, length) {
    const part = bytes.subarray(from, from + length), end = part.indexOf(0);
    return part.subarray(0, end < 0 ? length : end).toString('latin1');
  };
  for (let at = 0; at + RECORD <= bytes.length && sessions.length < MOST; at += RECORD) {
    if (bytes.readInt16LE(at) !== USER_PROCESS) { continue; }
    // Entries of sessions that died without a word stay in the file.
    if (!fs.existsSync('/proc/' + bytes.readInt32LE(at + 4))) { continue; }
    const name = text(at + 44, 32), line = text(at + 8, 32), host = text(at + 76, 256);
    const user = exports.userNamed(name);
    sessions.push({
      Id: line, Username: name, uid: user === undefined ? -1 : user.uid, State: 'active',
      TTY: line, Display: host.startsWith(':') ? host : undefined, Remote: host !== '' && !host.startsWith(':'),
    });
  }
  return sessions;
}

exports.sessions = function sessions() {
  const all = ofLogind();
  return all === null ? ofUtmp() : all;
};

exports.hasLogind = function hasLogind() { return fs.existsSync('/run/systemd/sessions'); };
// The folder or file that changes when somebody comes or goes.
exports.watched = function watched() { return exports.hasLogind() ? '/run/systemd/sessions' : '/run/utmp'; };
