'use strict';
// `PAC`: evaluates a proxy auto-configuration script. Its functions see nothing of the agent.

const { fail } = require('events');

const HELPERS = {
  isPlainHostName: function (host) { return String(host).indexOf('.') < 0; },
  dnsDomainIs: function (host, domain) { return String(host).endsWith(domain); },
  localHostOrDomainIs: function (host, full) { return host === full || (String(host).indexOf('.') < 0 && String(full).startsWith(host + '.')); },
  dnsDomainLevels: function (host) { return String(host).split('.').length - 1; },
  shExpMatch: function (text, pattern) {
    const form = String(pattern).replace(/[.+^${}()|[\]\\]/g, '\\$&').replace(/\*/g, '.*').replace(/\?/g, '.');
    return new RegExp('^' + form + '$').test(text);
  },
  isInNet: function (host, net, mask) {
    const of = function (text) { return String(text).split('.').reduce((n, one) => (n * 256 + Number(one)) >>> 0, 0); };
    const address = /^[\d.]+$/.test(host) ? host : HELPERS.dnsResolve(host);
    return address !== null && ((of(address) & of(mask)) >>> 0) === ((of(net) & of(mask)) >>> 0);
  },
  dnsResolve: function (host) { try { const found = resolve(host); return found.length > 0 ? found[0] : null; } catch (e) { return null; } },
  isResolvable: function (host) { return HELPERS.dnsResolve(host) !== null; },
  myIpAddress: function () {
    const all = require('os').networkInterfaces();
    for (const name of Object.keys(all)) { for (const one of all[name]) { if (one.family === 'IPv4' && one.address !== '127.0.0.1') { return one.address; } } }
    return '127.0.0.1';
  },
};

exports._ObjectID = 'PAC';
exports.Create = function Create(text) {
  const names = Object.keys(HELPERS);
  // Named parameters hide the globals that a proxy's script has no business with.
  const hidden = ['require', 'process', 'global', 'globalThis', 'Function'];
  let find;
  try {
    find = new Function(...names, ...hidden, String(text) + '\nreturn FindProxyForURL;')(...names.map((name) => HELPERS[name]));
  } catch (e) {
    throw fail('PAC: the script cannot be used: ' + e, e);
  }
  return { _ObjectID: 'PAC.instance', resolve: function (url, host) { return String(find(url, host)); }, FindProxyForURL: find };
};
exports.Find = function Find(url, host, pac) { return exports.Create(pac).resolve(url, host); };
