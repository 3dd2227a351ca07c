'use strict';
// The dialect's os: Node's functions with the answers that differ. Js-host specification 7.

const promise = require('promise');
const os = require('node:os');
const fs = require('node:fs');

Object.assign(exports, os);
exports._ObjectID = 'os';
exports._longbit = native.arch === 'ia32' || native.arch === 'arm' ? 32 : 64;
Object.defineProperty(exports, 'Name', { get: function () { return native.name(); }, enumerable: true, configurable: true });
exports.name = function name() { return promise.resolve(native.name()); };
exports.tmpdir = function tmpdir() { const path = os.tmpdir(); return path.endsWith('/') ? path : path + '/'; };

exports.networkInterfaces = function networkInterfaces() {
  const result = {};
  for (const one of native.interfaces()) {
    const common = { mac: one.mac.toUpperCase(), type: one.kind === 801 ? 'wireless' : 'ethernet', status: one.up ? 'up' : 'down' };
    const items = one.addresses.map(function (a) {
      const item = Object.assign({}, common, { address: a.linkLocal ? a.address + '%' + one.index : a.address, family: a.v6 ? 'IPv6' : 'IPv4' });
      if (!a.v6 && one.gateway !== undefined) { item.gateway = one.gateway; }
      item.netmask = a.netmask;
      return item;
    });
    result[one.name] = items.length > 0 ? items : [common];
  }
  return result;
};

exports.getDefaultGateways = function getDefaultGateways() {
  const result = {};
  for (const one of native.interfaces()) { if (one.gateway !== undefined) { result[one.name] = one.gateway; } }
  return result;
};

function lines(path) {
  try { return fs.readFileSync(path, 'utf8').split('\n'); } catch (e) { return []; }
}

exports.getArpCache = function getArpCache() {
  const result = {};
  for (const line of lines('/proc/net/arp').slice(1)) {
    const [ip, , , mac, , device] = line.split(/\s+/);
    if (device === undefined) { continue; }
    if (result[device] === undefined) { result[device] = {}; }
    result[device][ip] = mac.toUpperCase();
  }
  return result;
};

function resolver(key) {
  const values = [];
  for (const line of lines('/etc/resolv.conf')) {
    const [word, ...rest] = line.trim().split(/\s+/);
    if (word === key) { values.push(...rest); }
  }
  return values;
}
exports.dns = function dns() { return resolver('nameserver'); };
exports.getPrimaryDnsSuffix = function getPrimaryDnsSuffix() { return resolver('domain').concat(resolver('search'))[0] || ''; };
