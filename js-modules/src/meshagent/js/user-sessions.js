'use strict';
// Who has an account, who is logged in, and what a session of theirs needs. Js-host specification 8.6.

const fs = require('node:fs');
const accounts = require('internal/accounts');
const procfs = require('internal/procfs');
const promise = require('promise');
const process = require('node:process');
const { EventEmitter, fail, hide } = require('events');

exports._ObjectID = 'user-sessions';
EventEmitter.call(exports, true).createEvent('changed', 'locked', 'unlocked');
exports._locked = false;

// ---- accounts -----------------------------------------------------------------------------------------------------

exports.getUid = function getUid(name) {
  const user = accounts.userNamed(String(name));
  if (user === undefined) { throw fail('username: ' + name + ' NOT FOUND'); }
  return user.uid;
};
exports.getUsername = function getUsername(uid) {
  const user = accounts.userOf(uid);
  if (user === undefined) { throw fail('uid: ' + uid + ' NOT FOUND'); }
  return user.name;
};
// By name or by id.
exports.getHomeFolder = function getHomeFolder(who) {
  const user = accounts.userNamed(String(who)) || accounts.userOf(who);
  return user === undefined ? '' : user.home;
};
exports.getGroupID = function getGroupID(uid) {
  const user = accounts.userOf(uid);
  if (user === undefined) { throw fail('uid: ' + uid + ' NOT FOUND'); }
  return user.gid;
};
exports.getGroupname = function getGroupname(gid) {
  const group = accounts.groups().find((one) => String(one.gid) === String(gid));
  if (group === undefined) { throw fail('gid: ' + gid + ' NOT FOUND'); }
  return group.name;
};
exports._users = function _users() {
  const result = {};
  for (const user of accounts.users()) { result[user.name] = String(user.uid); }
  return result;
};
exports._uids = function _uids() {
  const result = {};
  for (const user of accounts.users()) { result[user.uid] = user.name; }
  return result;
};
exports.getUidConfig = function getUidConfig() { return accounts.range(); };
exports.minUid = function minUid() { return accounts.range().MIN; };
exports.Self = function Self() { return process.geteuid(); };
exports.isRoot = function isRoot() { return process.geteuid() === 0; };
exports.whoami = function whoami() {
  const user = accounts.userOf(process.geteuid());
  return user === undefined ? String(process.geteuid()) : user.name;
};

// ---- sessions -----------------------------------------------------------------------------------------------------

// Greeters of display managers have a session too.
const GREETERS = ['gdm', 'Debian-gdm', 'lightdm', 'sddm'];

function people() { return accounts.sessions().filter((session) => session.Class === undefined || session.Class.startsWith('user')); }

exports.enumerateUsers = function enumerateUsers() {
  const list = [];
  for (const session of people()) {
    const one = { Username: session.Username, SessionId: session.Id, State: session.State === 'active' ? 'Active' : session.State, uid: session.uid };
    if (session.TTY) { one.StationName = session.TTY; }
    if (session.Display) { one.Display = session.Display; }
    list.push(one);
  }
  hide(list, 'Active', list.filter((one) => one.State === 'Active'));
  return promise.resolve(list);
};
exports.Current = function Current(callback) {
  this.enumerateUsers().then(function (users) { if (typeof callback === 'function') { callback(users); } });
};

function uids(list) { return Array.from(new Set(list.map((session) => session.uid))); }
exports.loginUids = function loginUids() { return uids(people()); };
exports.activeUids = function activeUids() { return uids(people().filter((session) => session.State === 'active')); };
exports.virtualUids = function virtualUids() {
  return uids(people().filter((session) => session.Type === 'x11' && !session.Seat));
};
// The person at the machine's own seat; a program that asks without one is told so.
exports.consoleUid = function consoleUid() {
  const here = people().filter((session) => session.State === 'active' && !session.Remote);
  const seated = here.find((session) => session.Seat && (session.Type === 'x11' || session.Type === 'wayland')) ||
    here.find((session) => session.Seat) || here.find((session) => session.Display) || here.find((session) => /^tty/.test(session.TTY || ''));
  if (seated === undefined) { throw fail('nobody is logged into console'); }
  return seated.uid;
};
Object.defineProperty(exports, 'gdmUid', { get: function () {
  const greeter = GREETERS.map((name) => accounts.userNamed(name)).find((user) => user !== undefined);
  return greeter === undefined ? 0 : greeter.uid;
} });
Object.defineProperty(exports, 'hasLoginCtl', { get: function () { return accounts.hasLogind(); } });
exports._hasLoginCtl = function _hasLoginCtl() { return accounts.hasLogind(); };

// ---- processes of a session ---------------------------------------------------------------------------------------

exports.getPids = function getPids(name) {
  return procfs.pids().filter((pid) => procfs.words(pid).join(' ').includes(String(name)));
};
exports.getEnvFromPid = function getEnvFromPid(pid) { return procfs.environment(pid); };
// The environment of the first process that has the variable, of all processes or of one person's.
exports.findEnvEntry = function findEnvEntry(name) {
  for (const pid of procfs.pids()) {
    const environment = procfs.environment(pid);
    if (environment[name] !== undefined) { return environment; }
  }
  return {};
};
exports.findEnv = function findEnv(uid, name) {
  for (const pid of procfs.pids()) {
    if (procfs.owner(pid) !== Number(uid)) { continue; }
    const value = procfs.environment(pid)[name];
    if (value !== undefined) { return value; }
  }
  return null;
};
exports.getProcessOwnerName = function getProcessOwnerName(pid) {
  const uid = procfs.owner(pid);
  if (uid === undefined) { throw fail('pid: ' + pid + ' NOT FOUND'); }
  const user = accounts.userOf(uid);
  return { name: user === undefined ? String(uid) : user.name, domain: '', tsid: uid };
};
exports.tty = function tty() {
  try { return fs.readlinkSync('/proc/self/fd/0').replace(/^\/dev\//, ''); } catch (e) { return ''; }
};

// ---- changes ------------------------------------------------------------------------------------------------------

// The folder is watched only while somebody listens.
exports._linuxWatcher = undefined;
exports.on('newListener2', function (name) {
  if (name !== 'changed' || exports._linuxWatcher !== undefined) { return; }
  try {
    exports._linuxWatcher = require('fs').watch(accounts.watched(), function () { exports.emit('changed'); });
  } catch (e) {
    // A system without session records: nobody will ever be told, and asking works all the same.
  }
});
