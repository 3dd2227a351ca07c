'use strict';
// Displays. X11 counts as supported where a screen can be shown; libraries are found all the same.

const { EventEmitter, fail } = require('events');
const procfs = require('internal/procfs');
const promise = require('promise');

exports._ObjectID = 'monitor-info';
EventEmitter.call(exports, true).createEvent('kvmSupportDetected');
exports.kvm_x11_serverFound = false;
exports.MOTIF_FLAGS = { MWM_FUNC_ALL: 1, MWM_FUNC_RESIZE: 2, MWM_FUNC_MOVE: 4, MWM_FUNC_MINIMIZE: 8, MWM_FUNC_MAXIMIZE: 16, MWM_FUNC_CLOSE: 32 };
Object.defineProperty(exports, 'kvm_x11_support', { get: function () { return require('internal/screen').found(); } });

exports.getLibInfo = function getLibInfo(name) { return require('lib-finder')(name); };
// Looked for on each read: the list of the loader is long.
for (const [name, lib] of [['LIB', 'libX11'], ['TST', 'libXtst'], ['EXT', 'libXext'], ['FIXES', 'libXfixes'], ['KB', 'libxkbfile']]) {
  Object.defineProperty(exports, 'Location_X11' + name, { get: function () {
    const found = exports.getLibInfo(lib);
    return found.length > 0 ? found[0].path : null;
  } });
}

exports.isUnity = function isUnity() {
  return procfs.pids().some((pid) => /^(unity-panel-ser|compiz)/.test(procfs.name(pid)));
};
// Display and authority file of a person's X session, as their own programs have them.
exports.getXInfo = function getXInfo(uid) {
  for (const pid of procfs.pids()) {
    if (procfs.owner(pid) !== Number(uid)) { continue; }
    const environment = procfs.environment(pid);
    if (environment.DISPLAY) {
      return { display: environment.DISPLAY, xauthority: environment.XAUTHORITY || '', exists: true };
    }
  }
  throw fail('user ' + uid + ' has no X11 session');
};

// ---- X11, where its library is ----------------------------------------------------------------------------------------

const x11 = require('internal/x11');
Object.defineProperty(exports, '_gm', { get: function () { return require('_GenericMarshal'); } });
// Xlib with its functions as methods, `undefined` without the library.
Object.defineProperty(exports, '_X11', { get: function () { return x11.library(exports.Location_X11LIB); } });

// The screens of a display: `{left, top, right, bottom, screen, screenId, display}`, each call with a connection of its own.
exports.getInfo = function getInfo() {
  const result = new promise(promise.defaultInit);
  result.parent = exports;
  try {
    const X = exports._X11;
    if (X === undefined) { throw fail('libX11 is not installed'); }
    const where = require('internal/desktop').screen();
    x11.open(X, where).then(function (connection) {
      const screens = [], count = X.XScreenCount(connection).Val;
      for (let id = 0; id < count; id++) {
        screens.push({
          left: 0, top: 0, right: X.XDisplayWidth(connection, id).Val, bottom: X.XDisplayHeight(connection, id).Val,
          screen: X.XScreenOfDisplay(connection, id), screenId: id, display: connection,
        });
      }
      x11.workspaces(X, connection, where);
      result._res(screens);
    }, function (reason) { result._rej(reason); });
  } catch (e) {
    result._rej(e);
  }
  return result;
};

for (const name of Object.keys(x11.windows)) {
  exports[name] = function (...args) {
    const X = exports._X11;
    if (X === undefined) { throw fail('monitor-info.' + name + '(): libX11 is not installed'); }
    x11.windows[name](X, ...args);
  };
}
