'use strict';
// Descriptors that a core got from C, on the agent's event loop: X11 connections, devices.

const { EventEmitter, fail, hide } = require('events');
const promise = require('promise');

EventEmitter.call(exports);
// By number: { emitter, watch, read, write }.
const watched = new Map();

function wants(options, name) { return options !== null && typeof options === 'object' && Boolean(options[name]); }

exports.addDescriptor = function addDescriptor(descriptor, options) {
  if (typeof descriptor !== 'number') { throw fail('Invalid Descriptor'); }
  let entry = watched.get(descriptor);
  if (entry !== undefined) {
    // One emitter for a descriptor; what is watched adds up.
    entry.read = entry.read || wants(options, 'readset');
    entry.write = entry.write || wants(options, 'writeset');
    native.change(entry.watch, entry.read, entry.write);
    return entry.emitter;
  }
  const emitter = {};
  EventEmitter.call(emitter, true).createEvent('readset', 'writeset', 'errorset');
  if (options && options.metadata !== undefined) { hide(emitter, 'metadata', 'DescriptorEvents, ' + options.metadata); }
  entry = { emitter, read: wants(options, 'readset'), write: wants(options, 'writeset'), watch: undefined };
  entry.watch = native.watch(descriptor, entry.read, entry.write, function (readable, writable) {
    if (readable) { emitter.emit('readset', descriptor); }
    if (writable && watched.get(descriptor) === entry) { emitter.emit('writeset', descriptor); }
  });
  watched.set(descriptor, entry);
  return emitter;
};

// With options only the named sets, without them the descriptor.
exports.removeDescriptor = function removeDescriptor(descriptor, options) {
  if (typeof descriptor !== 'number') { throw fail('Invalid Descriptor'); }
  const entry = watched.get(descriptor);
  if (entry === undefined) { return; }
  if (options !== null && typeof options === 'object') {
    if ('readset' in options) { entry.read = false; }
    if ('writeset' in options) { entry.write = false; }
    if (entry.read || entry.write) { native.change(entry.watch, entry.read, entry.write); return; }
  }
  watched.delete(descriptor);
  native.close(entry.watch);
};
exports.descriptorAdded = function descriptorAdded(descriptor) {
  if (typeof descriptor !== 'number') { throw fail('Invalid Argument. Must be a descriptor or HANDLE'); }
  return watched.has(descriptor);
};
// Every descriptor of the process, the agent's own with them.
exports.getDescriptorCount = function getDescriptorCount() {
  const result = new promise(promise.defaultInit);
  setImmediate(function () {
    try { result._res(require('util-descriptors').getOpenDescriptors().length); } catch (e) { result._rej(e); }
  });
  return result;
};
