'use strict';
// compressed-stream on zlib's natives: streams with a zlib header (or as WBITS says), `deflate` and `inflate` raw.
// Js-host specification 8.4.

const { hide } = require('events');
const { Duplex } = require('stream');
const zlib = require('node:zlib');

// `crc` is that of what came out.
function stream(coder, id) {
  let crc = 0;
  // A reader that pauses holds the writer: what is not taken waits in the coder, which takes no more then.
  const self = Duplex({
    write: function (chunk, flush) {
      coder.write(Buffer.from(chunk), flush);
      return coder.writableLength < coder.writableHighWaterMark;
    },
    final: function (flush) { coder.end(); flush(); },
    read: function () { coder.resume(); },
    paused: function (paused) { if (paused) { coder.pause(); } else { coder.resume(); } },
  });
  hide(self, '_ObjectID', id);
  coder.on('data', function (chunk) {
    crc = zlib.crc32(chunk, crc);
    if (self.push(chunk) === false) { coder.pause(); }
  });
  coder.on('end', function () { self.push(null); });
  coder.on('error', function () { self.push(null); });
  Object.defineProperty(self, 'crc', { enumerable: false, configurable: true, get: function () { return crc; } });
  return self;
}

function options(given) {
  const bits = given && given.WBITS;
  return typeof bits === 'number' ? { raw: bits < 0, settings: { windowBits: Math.min(15, Math.abs(bits)) } } : { raw: false, settings: {} };
}

exports._ObjectID = 'compressedStream';
exports.createCompressor = function createCompressor(given) {
  const { raw, settings } = options(given);
  return stream(raw ? zlib.createDeflateRaw(settings) : zlib.createDeflate(settings), 'compressedStream.compressor');
};
exports.createDecompressor = function createDecompressor(given) {
  const { raw, settings } = options(given);
  return stream(raw ? zlib.createInflateRaw(settings) : zlib.createInflate(settings), 'compressedStream.decompressor');
};
exports.deflate = function deflate(buffer) { return zlib.deflateRawSync(buffer); };
exports.inflate = function inflate(buffer) { return zlib.inflateRawSync(buffer); };
