'use strict';
// SHA256Stream and its kind: writable, with `syncHash` and the event `hash`. Js-host specification 8.4.

const { EventEmitter, hide } = require('events');
const { writable } = require('stream');

function family(name) {
  return {
    _ObjectID: name + 'Stream',
    create: function create() {
      const object = { _ObjectID: name + 'Stream' };
      let running = native.start(name);
      writable(object, {
        write: function (chunk, flush) { native.update(running, chunk); flush(); return true; },
        final: function (flush) {
          const digest = native.finish(running);
          running = native.start(name);
          flush();
          object.emit('hash', digest);
        },
      });
      EventEmitter.call(object).createEvent('hash');
      hide(object, 'syncHash', function syncHash(data) {
        const one = native.start(name);
        native.update(one, data);
        return native.finish(one);
      });
      return object;
    },
  };
}

for (const name of ['MD5', 'SHA1', 'SHA256', 'SHA384', 'SHA512']) { exports[name] = family(name); }
