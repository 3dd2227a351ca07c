'use strict';
// Displays. Without a desktop stream of our own, X11 is never reported as supported; libraries are found all the same.

const { EventEmitter, fail } = require('events');
const procfs = require('internal/procfs');
const promise = require('promise');

exports._ObjectID = 'monitor-info';
EventEmitter.call(exports, true).createEvent('kvmSupportDetected');
exports.kvm_x11_serverFound = false;
exports.MOTIF_FLAGS = { MWM_FUNC_ALL: 1, MWM_FUNC_RESIZE: 2, MWM_FUNC_MOVE: 4, MWM_FUNC_MINIMIZE: 8, MWM_FUNC_MAXIMIZE: 16, MWM_FUNC_CLOSE: 32 };
Object.defineProperty(exports, 'kvm_x11_support', { get: function () { return false; } });

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
exports.getInfo = function getInfo() { return promise.reject('displays are not supported by this agent'); };
for (const name of ['unDecorateWindow', 'setAllowedActions', 'setWindowSizeHints', 'setAlwaysOnTop', 'hideWindowIcon']) {
  exports[name] = function () { throw fail('monitor-info.' + name + '(): X11 windows are not supported by this agent'); };
}
