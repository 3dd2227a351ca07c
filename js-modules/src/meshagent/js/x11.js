'use strict';
// Xlib by way of `_GenericMarshal`: connecting, and what window managers are asked for a window.

const fs = require('node:fs');
const { EventEmitter, fail, hide } = require('events');
const promise = require('promise');

const FUNCTIONS = [
  'XBlackPixel', 'XChangeKeyboardMapping', 'XChangeProperty', 'XChangeWindowAttributes', 'XCloseDisplay', 'XConnectionNumber',
  'XConvertSelection', 'XCreateGC', 'XCreateSimpleWindow', 'XCreateWindow', 'XDefaultColormap', 'XDefaultScreen', 'XDestroyWindow',
  'XDisplayHeight', 'XDisplayKeycodes', 'XDisplayWidth', 'XDrawLine', 'XFetchName', 'XFlush', 'XFree', 'XGetAtomName',
  'XGetKeyboardMapping', 'XGetWindowProperty', 'XInternAtom', 'XKeysymToKeycode', 'XMapWindow', 'XOpenDisplay', 'XPending',
  'XRootWindow', 'XScreenCount', 'XScreenOfDisplay', 'XSelectInput', 'XSendEvent', 'XSetAuthorization', 'XSetErrorHandler',
  'XSetForeground', 'XSetFunction', 'XSetIOErrorHandler', 'XSetLineAttributes', 'XSetNormalHints', 'XSetSelectionOwner',
  'XSetSubwindowMode', 'XSetWMProtocols', 'XStoreName', 'XStringToKeysym', 'XSync', 'XWhitePixel', 'Xutf8SetWMProperties',
];
const MOST_AUTHORITY = 1 << 20, COOKIE = 'MIT-MAGIC-COOKIE-1';
const WINDOW_EVENTS = 0x180000, CLIENT_MESSAGE = 33, PROPERTY_NOTIFY = 28, PROPERTY_CHANGES = 0x400000;
const EVENT_BYTES = 1024;

let found, ends;
// Addresses of displays whose server is gone.
const lost = new Set();

exports.library = function library(path) {
  if (found !== undefined || !path) { return found; }
  const X = require('_GenericMarshal').CreateNativeProxy(path);
  for (const name of FUNCTIONS) { X.CreateMethod(name); }
  X.CreateMethod({ method: 'XNextEvent', threadDispatch: true });
  X.CreateMethod({ method: 'XNextEvent', newName: 'XNextEventSync' });
  // By default Xlib ends the process on any error; what went wrong shows in the results.
  const survives = require('_GenericMarshal').GetGenericGlobalCallback(2);
  survives.on('GlobalCallback', function () { return 0; });
  X.XSetErrorHandler(survives);
  ends = require('_GenericMarshal').GetGenericGlobalCallback(1);
  ends.on('GlobalCallback', function (display) { lost.add(display.Val); return 0; });
  X.XSetIOErrorHandler(ends);
  try { X.CreateMethod('XSetIOErrorExitHandler'); } catch (e) { /* Before libX11 1.7 a lost display ends the process. */ }
  return found = X;
};

// The cookie for a display, as xauth files keep them: family, address, number, name and data with lengths before them.
function cookie(path, number) {
  let bytes;
  try {
    if (fs.statSync(path).size > MOST_AUTHORITY) { return undefined; }
    bytes = fs.readFileSync(path);
  } catch (e) {
    return undefined;
  }
  let at = 2;
  function part() {
    const length = bytes.readUInt16BE(at);
    at += 2 + length;
    if (at > bytes.length) { throw new RangeError('the file ends early'); }
    return bytes.subarray(at - length, at);
  }
  try {
    while (at < bytes.length) {
      part();
      const of = part().toString('latin1'), name = part().toString('latin1'), data = part();
      if ((of === '' || of === number) && name === COOKIE) { return data; }
      at += 2;
    }
  } catch (e) {
    // A broken file has no more cookies.
  }
  return undefined;
}

// Connects to `{display, xauthority}`; another thread waits for the server.
exports.open = function open(X, where) {
  const GM = require('_GenericMarshal'), result = new promise(promise.defaultInit);
  const number = (/:(\d+)(?:\.\d+)?$/.exec(where.display) || [])[1];
  const data = where.xauthority ? cookie(where.xauthority, number) : undefined;
  // The environment of the process stays as it is: other threads read it.
  if (data !== undefined) { X.XSetAuthorization(GM.CreateVariable(COOKIE), COOKIE.length, GM.CreateVariable(Buffer.from(data)), data.length); }
  X.XOpenDisplay.async(GM.CreateVariable(String(where.display))).then(function (connection) {
    if (connection.Val === 0) { result._rej('XOpenDisplay Failed'); return; }
    lost.delete(connection.Val);
    if (X.XSetIOErrorExitHandler !== undefined) { X.XSetIOErrorExitHandler(connection, ends, 0); }
    result._res(connection);
  }, function (reason) { result._rej(reason); });
  return result;
};

// ---- windows -----------------------------------------------------------------------------------------------------------

// Longs of C, as format 32 of properties and events has them.
function longs(values) {
  const GM = require('_GenericMarshal'), all = GM.CreateVariable(values.length * GM.PointerSize);
  values.forEach(function (value, at) {
    const place = all.Deref(at * GM.PointerSize, GM.PointerSize).toBuffer();
    if (typeof value === 'number') { place.writeUInt32LE(value >>> 0); } else { value.pointerBuffer().copy(place); }
  });
  return all;
}
function atom(X, display, name, onlyExisting) {
  return X.XInternAtom(display, require('_GenericMarshal').CreateVariable(name), onlyExisting ? 1 : 0);
}
// flags, functions, decorations, input mode, status
function motif(X, display, window, hints) {
  const property = atom(X, display, '_MOTIF_WM_HINTS');
  X.XChangeProperty(display, window, property, property, 32, 0, longs(hints), hints.length);
}
// Asks the window manager to add a state to a window.
function addState(X, display, root, window, name) {
  const GM = require('_GenericMarshal'), event = GM.CreateVariable(24 * GM.PointerSize);
  // type, serial, send_event, display, window, message_type, format, five longs
  longs([CLIENT_MESSAGE, 0, 0, 0, window, atom(X, display, '_NET_WM_STATE'), 32, 1, atom(X, display, name), 0, 0, 0]).toBuffer().copy(event.toBuffer());
  X.XSendEvent(display, root, 0, WINDOW_EVENTS, event);
}

exports.windows = {
  unDecorateWindow: function (X, display, window) { motif(X, display, window, [2, 0, 0, 0, 0]); },
  setAllowedActions: function (X, display, window, flags) { motif(X, display, window, [1, flags, 0, 0, 0]); },
  setAlwaysOnTop: function (X, display, root, window) { addState(X, display, root, window, '_NET_WM_STATE_ABOVE'); },
  hideWindowIcon: function (X, display, root, window) { addState(X, display, root, window, '_NET_WM_STATE_SKIP_TASKBAR'); },
  setWindowSizeHints: function (X, display, window, x, y, width, height, minWidth, minHeight, maxWidth, maxHeight) {
    const GM = require('_GenericMarshal'), hints = GM.CreateVariable(GM.PointerSize === 8 ? 80 : 72), bytes = hints.toBuffer();
    const least = minWidth != null && minHeight != null, most = maxWidth != null && maxHeight != null;
    // Program's position and size, least size, largest size.
    bytes.writeUInt32LE(4 | 8 | (least ? 16 : 0) | (most ? 32 : 0), 0);
    [x, y, width, height, minWidth, minHeight, maxWidth, maxHeight].forEach(function (value, at) {
      if (value != null) { bytes.writeInt32LE(value, GM.PointerSize + 4 * at); }
    });
    X.XSetNormalHints(display, window, hints);
  },
};

// ---- workspaces ---------------------------------------------------------------------------------------------------------

function current(X, display, root) {
  const GM = require('_GenericMarshal');
  const type = GM.CreatePointer(), bits = GM.CreatePointer(), count = GM.CreatePointer(), rest = GM.CreatePointer(), data = GM.CreatePointer();
  X.XGetWindowProperty(display, root, atom(X, display, '_NET_CURRENT_DESKTOP'), 0, 64, 0, 0, type, bits, count, rest, data);
  if (count.Deref().Val === 0) { throw fail('Error fetching current workspace'); }
  const value = data.Deref().Deref(0, 4).toBuffer().readUInt32LE(0);
  X.XFree(data.Deref());
  return value;
}

// Gives a connection `getCurrentWorkspace()` and the event `workspaceChanged`, watched once somebody listens: on a
// connection of its own, since a call on the first one may take the event off the wire before anybody waits for it.
exports.workspaces = function workspaces(X, connection, where) {
  hide(connection, 'getCurrentWorkspace', function getCurrentWorkspace() { return current(X, connection, X.XRootWindow(connection, 0)); });
  EventEmitter.call(connection).createEvent('workspaceChanged');
  let watched = false;
  connection.on('newListener', function (name) {
    if (name !== 'workspaceChanged' || watched) { return; }
    watched = true;
    exports.open(X, where).then(function (second) { watch(X, second, connection); }, function () { watched = false; });
  });
};

function watch(X, display, connection) {
  const GM = require('_GenericMarshal'), events = require('DescriptorEvents');
  const root = X.XRootWindow(display, 0), desktop = atom(X, display, '_NET_CURRENT_DESKTOP').Val, event = GM.CreateVariable(EVENT_BYTES);
  const number = X.XConnectionNumber(display).Val;
  // Where the atom stands, behind type, serial, send_event, display and window.
  const offset = GM.PointerSize * 5;
  function drain() {
    while (X.XPending(display).Val > 0) {
      X.XNextEventSync(display, event);
      if (event.toBuffer().readInt32LE(0) === PROPERTY_NOTIFY && event.toBuffer().readUInt32LE(offset) === desktop >>> 0) {
        connection.emit('workspaceChanged', current(X, display, root));
      }
    }
    // A lost display is readable for ever.
    if (lost.has(display.Val)) { events.removeDescriptor(number); }
  }
  X.XSelectInput(display, root, PROPERTY_CHANGES);
  X.XSync(display, 0);
  hide(connection, '_watched', number);
  events.addDescriptor(number, { readset: true, metadata: 'X11' }).on('readset', drain);
  drain();
}
