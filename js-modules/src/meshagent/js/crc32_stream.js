'use strict';
// crc32-stream: a writable whose `value` is the CRC-32 of what it got so far.

const { hide } = require('events');
const { writable } = require('stream');
const { crc32 } = require('node:zlib');

exports._ObjectID = 'crc32-stream';
exports.create = function create() {
  const self = {};
  let value = 0;
  hide(self, '_ObjectID', 'crc32-stream');
  writable(self, {
    write: function (chunk, flush) {
      value = crc32(Buffer.from(chunk), value);
      flush();
      return true;
    },
    final: function (flush) { flush(); },
  });
  Object.defineProperty(self, 'value', { enumerable: false, configurable: true, get: function () { return value; } });
  return self;
};
