'use strict';
// Settings of a GNOME desktop, through gsettings of the person it belongs to.

const run = require('internal/run');
const { fail } = require('events');

Object.defineProperty(exports, '_location', { get: function () { return run.find('gsettings'); } });
Object.defineProperty(exports, 'available', { get: function () { return exports._location !== null; } });

// gsettings reaches the person's session bus.
function ask(uid, ...args) {
  const sessions = require('user-sessions');
  const bus = sessions.findEnv(uid, 'DBUS_SESSION_BUS_ADDRESS') || 'unix:path=/run/user/' + Number(uid) + '/bus';
  const env = { DBUS_SESSION_BUS_ADDRESS: bus, HOME: sessions.getHomeFolder(uid), PATH: '/usr/bin:/bin', XDG_RUNTIME_DIR: '/run/user/' + Number(uid) };
  const text = run.output('gsettings', args, { uid: Number(uid), gid: sessions.getGroupID(uid), env });
  if (text === null) { throw fail('gsettings ' + args.join(' ') + ' failed'); }
  return text.trim();
}
function value(uid, schema, key) { return ask(uid, 'get', schema, key).replace(/^'(.*)'$/, '$1'); }

exports.getDesktopWallpaper = function getDesktopWallpaper(uid) {
  return decodeURI(value(uid, 'org.gnome.desktop.background', 'picture-uri').replace(/^file:\/\//, ''));
};
exports.setDesktopWallpaper = function setDesktopWallpaper(uid, path) {
  ask(uid, 'set', 'org.gnome.desktop.background', 'picture-uri', 'file://' + encodeURI(path === undefined ? '/dev/null' : String(path)));
};
exports.getProxySettings = function getProxySettings(uid) {
  const all = 'org.gnome.system.proxy', http = all + '.http';
  const result = {
    mode: value(uid, all, 'mode'), enabled: value(uid, http, 'enabled') === 'true',
    host: value(uid, http, 'host'), port: Number(value(uid, http, 'port')),
    authEnabled: value(uid, http, 'use-authentication') === 'true',
    username: value(uid, http, 'authentication-user'), password: value(uid, http, 'authentication-password'),
    exceptions: value(uid, all, 'ignore-hosts').replace(/^@as |[[\]' ]/g, '').split(',').filter((one) => one !== ''),
  };
  if (result.mode === 'auto') { result.autoConfig = value(uid, all, 'autoconfig-url'); }
  return result;
};
// Mounted file systems: folder to kind.
exports.mounts = function mounts() {
  const result = {};
  for (const line of run.read('/proc/mounts').split('\n')) {
    const [, folder, kind] = line.split(' ');
    if (kind !== undefined) { result[folder.replace(/\\040/g, ' ')] = kind; }
  }
  return result;
};
