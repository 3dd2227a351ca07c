'use strict';
// `proxy-helper`: which proxy the machine is set to. On Linux that is the environment and /etc/environment.

const { fail } = require('events');

function read() {
  const env = process.env;
  for (const name of ['https_proxy', 'HTTPS_PROXY', 'http_proxy', 'HTTP_PROXY', 'all_proxy', 'ALL_PROXY']) { if (env[name]) { return env[name]; } }
  let text;
  try { text = require('fs').readFileSync('/etc/environment').toString(); } catch (e) { return undefined; }
  const found = /^\s*(?:export\s+)?(?:https?_proxy|all_proxy)\s*=\s*"?([^"\s]+)"?/im.exec(text);
  return found === null ? undefined : found[1];
}

function excepted(host, list) {
  return list.split(',').map((one) => one.trim().toLowerCase()).some(function (one) {
    if (one === '') { return false; }
    if (one === '*' || one === host) { return true; }
    return host.endsWith(one[0] === '.' ? one : '.' + one);
  });
}

module.exports = {
  _ObjectID: 'proxy-helper',
  // True when this host is reached without a proxy.
  ignoreProxy: function ignoreProxy(proxyPath, host) {
    void proxyPath;
    const list = process.env.no_proxy || process.env.NO_PROXY || '';
    return excepted(String(host).toLowerCase(), list);
  },
  getProxy: function getProxy() {
    const found = read();
    if (found === undefined) { throw fail('No proxies'); }
    return found;
  },
  // Automatic discovery (WPAD) is refused: whoever answers the name `wpad` would choose the proxy.
  autoHelper: function autoHelper() { return require('promise').resolve(null); },
  domain: null,
  auto: false,
  enabled: false,
};
