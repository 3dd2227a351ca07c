'use strict';
// The processes of the machine. Js-host specification 8.6.

const accounts = require('internal/accounts');
const procfs = require('internal/procfs');
const promise = require('promise');
const { fail } = require('events');

exports._ObjectID = 'process-manager';

// All processes by pid: `{pid, user, cmd}`. A kernel thread's command is its name in brackets.
function list() {
  const names = {}, result = {};
  for (const user of accounts.users()) { if (names[user.uid] === undefined) { names[user.uid] = user.name; } }
  for (const pid of procfs.pids()) {
    const uid = procfs.owner(pid);
    if (uid === undefined) { continue; }
    const words = procfs.words(pid);
    const cmd = words.length > 0 ? words.join(' ').trim() : '[' + procfs.name(pid) + ']';
    result[pid] = { pid: String(pid), user: names[uid] === undefined ? String(uid) : names[uid], cmd };
  }
  return result;
}

exports.getProcesses = function getProcesses(callback) { callback(list()); };
exports.enumerateProcesses = function enumerateProcesses() { return promise.resolve(list()); };
exports.getProcessInfo = function getProcessInfo(pid) {
  const status = procfs.status(pid);
  if (status === null) { throw fail('fs.readFileSync(): File [/proc/' + pid + '/status] not found'); }
  return status;
};

// Pids whose command line has the text, our own left out.
exports.getProcessEx = function getProcessEx(text) {
  const own = require('node:process').pid;
  return procfs.pids().filter((pid) => pid !== own && procfs.words(pid).join(' ').includes(String(text)));
};
// The oldest process of that name.
exports.getProcess = function getProcess(name) {
  for (const pid of procfs.pids()) {
    if (procfs.name(pid) === String(name).substring(0, 15)) { return pid; }
  }
  throw fail(name + ' not found');
};
