'use strict';
// A module in a container of its own, with messages both ways: `create({modulePath or script, sessionId?})`.

const { EventEmitter, fail } = require('events');

exports._ObjectID = 'child-container';
exports.create = function create(options) {
  const given = options || {};
  const child = { _ObjectID: 'child-container.child', options: given };
  const control = EventEmitter.call(child, true).createEvent('ready', 'message', 'exit', 'error');
  const settings = { processIsolation: true };
  if (given.uid !== undefined) { settings.sessionId = given.uid; }
  const container = require('ScriptContainer').Create(settings);
  container.on('ready', function () {
    for (const name of given.modules || []) { container.addModule(name, getJSModule(name)); }
    const text = given.script !== undefined ? given.script : given.modulePath !== undefined ? 'require(' + JSON.stringify(String(given.modulePath)) + ');' : '';
    if (text !== '') { container.ExecuteString(text); }
    child.emit('ready');
  });
  container.on('data', function (value) { child.emit('message', value); });
  container.on('exit', function (code) { child.emit('exit', code); });
  container.on('error', function (e) { child.emit('error', e); });
  control.addMethod('message', function message(value) { container.send(value); });
  control.addMethod('exit', function exit(code) { container.exit(code); });
  child.child = container;
  return child;
};
exports.connect = function connect() {
  throw fail('child-container.connect(): children of this agent talk over pipes; use ScriptContainer in the child');
};
