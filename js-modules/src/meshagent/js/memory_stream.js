'use strict';
// MemoryStream: a writable that collects what it gets in `buffer`. Js-host specification 8.4.

const { hide } = require('events');
const { writable } = require('stream');

function MemoryStream() {
  const self = this instanceof MemoryStream ? this : {};
  let parts = [];
  hide(self, '_ObjectID', 'MemoryStream');
  writable(self, {
    write: function (chunk, flush) {
      parts.push(Buffer.from(chunk));
      flush();
      return true;
    },
    final: function (flush) {
      flush();
      self.emit('end');
    },
  });
  Object.defineProperty(self, 'buffer', {
    enumerable: false, configurable: true,
    get: function () {
      if (parts.length !== 1) { parts = [Buffer.concat(parts)]; }
      return parts[0];
    },
  });
  const number = function (name, size) {
    hide(self, name, function (value) {
      const bytes = Buffer.alloc(size);
      bytes[name](value, 0);
      return self.write(bytes);
    });
  };
  number('writeUInt8', 1);
  number('writeUInt16BE', 2);
  number('writeUInt32BE', 4);
  return self;
}

module.exports = MemoryStream;
