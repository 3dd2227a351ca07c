'use strict';
// The session bus of a person, through busctl or dbus-send.

const run = require('internal/run');
const { EventEmitter } = require('events');

function names(uid) {
  const sessions = require('user-sessions');
  const options = {};
  if (uid !== undefined && uid !== null) {
    const bus = sessions.findEnv(uid, 'DBUS_SESSION_BUS_ADDRESS') || 'unix:path=/run/user/' + Number(uid) + '/bus';
    Object.assign(options, { uid: Number(uid), gid: sessions.getGroupID(uid), env: { DBUS_SESSION_BUS_ADDRESS: bus, PATH: '/usr/bin:/bin' } });
  }
  const text = run.output('dbus-send', ['--session', '--dest=org.freedesktop.DBus', '--type=method_call', '--print-reply',
    '/org/freedesktop/DBus', 'org.freedesktop.DBus.ListActivatableNames'], options);
  return text === null ? [] : Array.from(text.matchAll(/string "([^"]+)"/g), (found) => found[1]).filter((name) => !name.startsWith(':'));
}

// A watcher of signals of one interface; without the tool it hears nothing.
function dbus(address, uid) {
  const watcher = { _ObjectID: 'linux-dbus', address, uid };
  EventEmitter.call(watcher, true).createEvent('signal');
  return watcher;
}
module.exports = dbus;
dbus.getServices = function getServices(uid) { return names(uid); };
dbus.hasService = function hasService(name, uid) { return names(uid).includes(String(name)); };
