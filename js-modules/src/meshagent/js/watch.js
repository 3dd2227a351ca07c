'use strict';
// The dialect's fs.watch: an emitter of `change(event, filename, info)`. What appears and what goes is `change` with a
// `changeType`, everything else `rename`. Js-host specification 7.1; details were compared with the real agent.

const fs = require('node:fs');
const { EventEmitter, fail } = require('events');

const CREATED = 0x100, DELETED = 0x200;
// The kernel's own messages: a watch is gone, a queue ran over.
const INTERNAL = 0x8000 | 0x4000;

module.exports = function watch(path, options, listener) {
  if (typeof path !== 'string') { throw new TypeError('fs.watch(): the path must be a string'); }
  const object = { _ObjectID: 'fs.fsWatcher' };
  EventEmitter.call(object).createEvent('change', 'error', 'close');
  const on = [options, listener].find((one) => typeof one === 'function');
  if (on !== undefined) { object.on('change', on); }
  let handle;
  try {
    handle = fs._native.watch(path, function (events) {
      for (const [mask, name] of events) {
        if (handle === undefined) { return; }
        if (mask & INTERNAL) { continue; }
        if (mask & (CREATED | DELETED)) { object.emit('change', 'change', name, { changeType: mask & CREATED ? 'ADDED' : 'REMOVED' }); } else { object.emit('change', 'rename', name, {}); }
      }
    });
  } catch (e) {
    if (e.code === 'ERR_ACCESS_DENIED') { throw e; }
    // The real agent says nothing; whoever waits for changes that never come wants to know.
    const f = fail('fs.watch(): \'' + path + '\' cannot be watched', e);
    f.code = e.code;
    throw f;
  }
  EventEmitter.call(object).addMethod('close', function close() {
    if (handle === undefined) { return; }
    const open = handle;
    handle = undefined;
    fs._native.unwatch(open);
    setImmediate(function () { object.emit('close'); object.emit('~'); });
  });
  return object;
};
