'use strict';
// The desktop of a session as a stream: what is written are commands of viewers, what is read are packets for them.

const { EventEmitter } = require('events');
const { readable, writable } = require('stream');
const desktop = require('internal/desktop');

const REFRESH = Buffer.from([0, 6, 0, 4]);
const MOST_TEXT = 1000;

// Whether this program can show screens at all.
exports.available = native.available;

// One capture for all viewers: it is the same stream until it ends.
let current = null;

// Command 65: a text for the viewer's person.
function message(text) {
  const body = Buffer.from(text).subarray(0, MOST_TEXT), head = Buffer.from([0, 65, 0, 0]);
  head.writeUInt16BE(4 + body.length, 2);
  return Buffer.concat([head, body]);
}

exports.stream = function stream(uid) {
  if (!native.available) { return null; }
  if (current !== null) {
    // Whoever comes later has to see the whole picture, too.
    current.write(REFRESH);
    return current;
  }
  const object = { _ObjectID: 'RemoteDesktop' };
  let handle, over = false;
  function want() { if (!over && handle !== undefined) { native.want(handle); } }
  function finish() {
    if (over) { return; }
    over = true;
    if (current === object) { current = null; }
    if (handle !== undefined) { native.close(handle); }
    object.push(null);
    setImmediate(function () { object.emit('close'); });
  }
  // Asked for whenever the readers have taken what there was: a slow one gets fewer pictures, not older ones.
  readable(object, { read: want });
  writable(object, {
    write: function (chunk, flush) {
      if (!over && handle !== undefined && typeof chunk !== 'string') { native.input(handle, chunk); }
      flush();
      return true;
    },
    final: function (flush) { flush(); finish(); },
  });
  EventEmitter.call(object).createEvent('close');
  current = object;
  try {
    const place = desktop.screen(uid);
    handle = native.open(place.display, place.xauthority || undefined, function (kind, value) {
      if (kind === 'closed') { finish(); return; }
      let more = false;
      for (const packet of value) { more = object.push(packet); }
      if (more) { want(); }
    });
  } catch (e) {
    // Told as the reader comes, so that the viewer's person learns why.
    setImmediate(function () {
      object.push(message('There is no screen to show: ' + (e.message || e)));
      finish();
    });
  }
  return object;
};

// True where a screen could be shown now.
exports.found = function found() {
  if (!native.available) { return false; }
  try { desktop.screen(); return true; } catch (e) { return false; }
};
