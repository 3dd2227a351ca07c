'use strict';
// SimpleDataStore: the agent's own store, and stores in files. Js-host specification 8.4.

const { EventEmitter, hide } = require('events');
const { fail } = require('events');

function store(handle) {
  const object = {};
  EventEmitter.call(object);
  const writes = function (call) {
    return function (...args) {
      try { return call(...args); } catch (e) {
        if (e.code !== undefined) { throw e; }
        throw fail('SimpleDataStore: ' + e.message, e);
      }
    };
  };
  const methods = {
    Get: function Get(key) { const value = native.value(handle, String(key)); return value === undefined ? null : value.toString(); },
    GetBuffer: function GetBuffer(key) { const value = native.value(handle, String(key)); return value === undefined ? null : value; },
    Put: writes(function (key, value) { native.put(handle, String(key), value); return 0; }),
    Delete: writes(function (key) { return native.remove(handle, String(key)) ? 0 : 1; }),
    Compact: writes(function () { native.compact(handle); return 0; }),
  };
  methods.PutCompressed = methods.Put;
  for (const name of Object.keys(methods)) { hide(object, name, methods[name]); }
  Object.defineProperty(object, 'Keys', { get: function () { return native.keys(handle); }, enumerable: true, configurable: true });
  return object;
}

exports._ObjectID = 'SimpleDataStore';
exports.Shared = function Shared() { return store(native.shared()); };
exports.Create = function Create(path, options) { return store(native.open(String(path), Boolean(options && options.readOnly))); };
