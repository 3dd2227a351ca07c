'use strict';
// A script as a service: emitter with `serviceStart` and `serviceStop`, driven by the words on the command line.

const process = require('node:process');
const { EventEmitter, fail, hide } = require('events');

function serviceHost(name) {
  const host = { _ObjectID: 'service-host.service', name: typeof name === 'object' ? name.name : name };
  const options = typeof name === 'object' ? name : { name };
  EventEmitter.call(host, true).createEvent('serviceStart', 'serviceStop', 'normalStart', 'session', 'powerStateChange');
  host.run = function run() {
    const words = process.argv.slice(1), manager = require('service-manager').manager;
    const verb = words.find((word) => ['-install', '-uninstall', 'start', 'stop', '-d'].includes(word));
    if (verb === '-install') {
      manager.installService(Object.assign({ servicePath: process.execPath, installInPlace: true, parameters: [process.argv[0]] }, options));
    } else if (verb === '-uninstall') {
      manager.uninstallService(host.name);
    } else if (verb === 'start' || verb === 'stop') {
      manager.getService(host.name)[verb]();
    } else if (process.env.INVOCATION_ID !== undefined || verb === '-d') {
      process.once('SIGTERM', function () { host.emit('serviceStop'); process.exit(0); });
      host.emit('serviceStart');
    } else {
      host.emit('normalStart');
    }
  };
  return host;
}

module.exports = serviceHost;
serviceHost.create = function create(options) { return serviceHost(options); };
// A program that outlives us.
hide(serviceHost, 'detached', function detached(path, parameters, options) {
  const { spawn } = require('node:child_process');
  const words = (parameters || []).map(String);
  if (typeof path !== 'string' || path === '') { throw fail('daemon(): the path of a program is needed'); }
  const child = spawn(path, words, Object.assign({ detached: true, stdio: 'ignore' }, options && options.cwd ? { cwd: String(options.cwd) } : {}));
  child.on('error', function (e) { console.error('daemon(): ' + e.message); });
  child.unref();
  return child.pid;
});
