'use strict';
// `uuid/v4`: 38 characters, braces included.
module.exports = function uuidv4() {
  const b = native.random(Buffer.alloc(16));
  b[6] = (b[6] & 0x0f) | 0x40;
  b[8] = (b[8] & 0x3f) | 0x80;
  const hex = b.toString('hex').toLowerCase();
  return '{' + [hex.substring(0, 8), hex.substring(8, 12), hex.substring(12, 16), hex.substring(16, 20), hex.substring(20)].join('-') + '}';
};
