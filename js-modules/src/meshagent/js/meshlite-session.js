'use strict';
// The device's end of sessions that are encrypted from the operator's client to here, and that outlive a link.
// Wire format and reasons: docs/secure-sessions.md. A link, and what is given back for one, has `send(buffer)` and
// `sendText(text)` (false: wait for `ondrain()`), `pause()`, `resume()`, `close(why)`, and calls `ontext`, `onbinary`,
// `ondrain` and `onclose(why)`.

const { setTimeout, clearTimeout } = require('timers');

let sessions;                   // the natives' handle
const links = new Map();        // number -> link
const inner = new Map();        // name of a session -> what its owner has
let next = 0, timer, pumping = false;

function open() {
  if (sessions === undefined) { sessions = native.open(); }
  return exports;
}

// Takes over a link whose first text is a client's hello. `told`: `tunnel` (its id), `userid`, `rights`. Calls
// `begin(session, protocol)` when that begins a session, and nothing when it goes on with one.
function accept(link, text, told, begin) {
  open();
  const number = ++next;
  links.set(number, { link, begin });
  link.ontext = function (outside) {
    // Pings of relays say nothing; anything else has no place there.
    if (!/"type":\s*"p[io]ng"/.test(outside.substring(0, 200))) { fall(number, 'a text outside of the encryption'); }
  };
  link.onbinary = function (bytes) { native.binary(sessions, number, bytes); pump(); };
  link.ondrain = null;
  link.onclose = function () { links.delete(number); native.lost(sessions, number); pump(); };
  native.hello(sessions, number, text, String(told.tunnel), String(told.userid), Number(told.rights) >>> 0);
  pump();
}

function fall(number, why) {
  const one = links.get(number);
  if (one !== undefined) { one.link.close(why); }
}

function signed(number, error, signature) {
  native.signed(sessions, number, error ? undefined : signature);
  pump();
}

function sessionOf(name) {
  let over = false;
  const session = {
    send: function (bytes) { return give(bytes); },
    sendText: function (text) { return give(String(text)); },
    pause: function () { if (!over) { native.pause(sessions, name, true); } },
    resume: function () { if (!over) { native.pause(sessions, name, false); pump(); } },
    close: function (why) {
      if (over) { return; }
      native.close(sessions, name, why === 'refused' ? 1 : 0, String(why || 'closed'));
      finish(why || 'closed');
      pump();
    },
    isOver: function () { return over; },
    ontext: null, onbinary: null, ondrain: null, onclose: null,
  };
  function give(data) {
    if (over) { return true; }
    const room = native.send(sessions, name, data);
    pump();
    return room !== false;
  }
  function finish(why) {
    if (over) { return; }
    over = true;
    inner.delete(name);
    const told = session.onclose;
    session.ontext = session.onbinary = session.ondrain = session.onclose = null;
    if (told) { told(why); }
  }
  inner.set(name, { session, finish });
  return session;
}

// Does all there is to do. Whoever sends meanwhile adds to it.
function pump() {
  if (pumping) { return; }
  pumping = true;
  try {
    for (let one = native.poll(sessions, signed); one !== undefined; one = native.poll(sessions, signed)) { act(one); }
  } finally {
    pumping = false;
    wait();
  }
}

function act(one) {
  const [what, whose, third, fourth] = one;
  switch (what) {
    case 'text': if (links.has(whose)) { links.get(whose).link.sendText(third); } break;
    case 'binary': if (links.has(whose)) { links.get(whose).link.send(third); } break;
    case 'drop': fall(whose, third); break;
    case 'opened':
      if (links.has(third)) { links.get(third).begin(sessionOf(whose), fourth); }
      else { native.close(sessions, whose, 2, 'the link was lost'); }
      break;
    case 'message':
      if (inner.has(whose)) {
        const { session } = inner.get(whose);
        if (typeof third === 'string') { if (session.ontext) { session.ontext(third); } }
        else if (session.onbinary) { session.onbinary(third); }
      }
      break;
    case 'room': if (inner.has(whose) && inner.get(whose).session.ondrain) { inner.get(whose).session.ondrain(); } break;
    case 'ended': if (inner.has(whose)) { inner.get(whose).finish(fourth || third); } break;
    default: // `sign` is under way; that a session waits for a link or has one again is nothing to its owner
  }
}

function wait() {
  if (timer !== undefined) { clearTimeout(timer); timer = undefined; }
  const ms = native.wait(sessions);
  if (ms >= 0) { timer = setTimeout(function () { timer = undefined; native.time(sessions); pump(); }, ms); }
}

exports.open = open;
exports.isHello = function isHello(text) { return native.isHello(text); };
exports.accept = accept;
