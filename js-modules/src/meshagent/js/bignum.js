'use strict';
// Whole numbers of any size, on the engine's own. Js-host specification 8.4; seen at the real agent: division goes
// towards zero, and `a.cmp(b)` is -1 when `a` is the larger one.

function Bignum(value) { Object.defineProperty(this, 'value', { value }); }

function valueOf(other) { return other instanceof Bignum ? other.value : BigInt(other); }

Bignum.prototype = {
  toString: function toString() { return this.value.toString(); },
  add: function add(other) { return new Bignum(this.value + valueOf(other)); },
  sub: function sub(other) { return new Bignum(this.value - valueOf(other)); },
  mul: function mul(other) { return new Bignum(this.value * valueOf(other)); },
  div: function div(other) { return new Bignum(this.value / valueOf(other)); },
  mod: function mod(other) { return new Bignum(this.value % valueOf(other)); },
  cmp: function cmp(other) {
    const value = valueOf(other);
    return value < this.value ? -1 : value > this.value ? 1 : 0;
  },
  toNumber: function toNumber() { return Number(this.value); },
};

// Longer texts would make one operation take seconds.
const MAX_DIGITS = 65536;

function bignum(text) {
  const digits = String(text);
  if (digits.length > MAX_DIGITS) { throw new RangeError('bignum: more than ' + MAX_DIGITS + ' digits'); }
  return new Bignum(BigInt(digits));
}

function fromBuffer(buffer, options) {
  if (buffer.length * 2 > MAX_DIGITS) { throw new RangeError('bignum: more than ' + MAX_DIGITS + ' digits'); }
  const bytes = Buffer.from(buffer);
  if (options && options.endian === 'little') { bytes.reverse(); }
  return new Bignum(bytes.length === 0 ? 0n : BigInt('0x' + Array.from(bytes, (byte) => (byte + 256).toString(16).slice(1)).join('')));
}

function random(bits) {
  const bytes = require('node:crypto').randomBytes(Math.ceil(Number(bits) / 8));
  return new Bignum(fromBuffer(bytes).value & ((1n << BigInt(bits)) - 1n));
}

// From `low` up to, but without, `high`: drawn with so many more bits that no value is favoured.
function randomRange(low, high) {
  const from = valueOf(low), span = valueOf(high) - from;
  if (span <= 0n) { throw new RangeError('bignum: the range is empty'); }
  return new Bignum(from + random(span.toString(2).length + 128).value % span);
}

module.exports = bignum;
module.exports.fromBuffer = fromBuffer;
module.exports.random = random;
module.exports.randomRange = randomRange;
