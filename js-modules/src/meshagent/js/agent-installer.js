'use strict';
// Installing the agent as a service. The program does it; these are its names for scripts.

const { spawnSync } = require('node:child_process');
const process = require('node:process');
const { fail } = require('events');

function call(verb, parameters) {
  const words = (Array.isArray(parameters) ? parameters : []).map(String);
  const done = spawnSync(process.execPath, [verb].concat(words), { encoding: 'utf8', timeout: 120000 });
  if (done.error) { throw fail('agent-installer: ' + done.error.message); }
  if (done.status !== 0) { throw fail('agent-installer: ' + verb + ' ended with ' + done.status + ': ' + (done.stderr || done.stdout).trim()); }
  return done.stdout;
}
function list(text) {
  if (Array.isArray(text)) { return text; }
  try { return JSON.parse(text === undefined ? '[]' : text); } catch (e) { throw fail('agent-installer: the parameters must be a list of words, as JSON'); }
}

exports.fullInstall = function fullInstall(parameters) { return call('install', list(parameters)); };
exports.fullInstallEx = function fullInstallEx(parameters) { return call('install', list(parameters)); };
exports.fullUninstall = function fullUninstall(parameters) { return call('uninstall', list(parameters)); };
exports.update = function update() {
  throw fail('agent-installer.update(): this agent replaces its own program by its update command, with a trial start; a script cannot');
};
exports.updaterVersion = function updaterVersion() { return 1; };
