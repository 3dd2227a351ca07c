'use strict';
// `ip-address`: IPv4 addresses with a mask.

const { fail } = require('events');

function number(text) {
  const parts = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text);
  if (parts === null || parts.slice(1).some((one) => Number(one) > 255)) { throw fail('ip-address: \'' + text + '\' is no IPv4 address'); }
  return parts.slice(1).reduce((n, one) => n * 256 + Number(one), 0);
}
function shown(n) { return [n >>> 24, (n >>> 16) & 255, (n >>> 8) & 255, n & 255].join('.'); }

function Address4(text) {
  const [address, given] = String(text).split('/');
  const value = number(address), bits = given === undefined ? 32 : Number(given);
  if (!Number.isInteger(bits) || bits < 0 || bits > 32) { throw fail('ip-address: the mask of \'' + text + '\' is none'); }
  const object = this instanceof Address4 ? this : {};
  object._ObjectID = 'ip-address.Address4';
  // The network as text: what scripts compare.
  object.mask = function mask(of) {
    const n = of === undefined ? bits : Number(of);
    return shown(n === 0 ? 0 : (value & (-1 << (32 - n))) >>> 0);
  };
  object.toString = function toString() { return shown(value >>> 0); };
  return object;
}

exports._ObjectID = 'ip-address';
exports.Address4 = Address4;
