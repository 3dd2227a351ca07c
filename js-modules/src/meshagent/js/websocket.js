'use strict';
// The decoded WebSocket of the dialect: text frames are strings, binary ones Buffers. Js-host specification 5.2, 8.2.

const { EventEmitter, hide } = require('events');
const { readable, writable } = require('stream');
const wire = require('internal/http/native');
const { Channel, TEXT, BINARY, PING, PONG } = require('internal/websocket/channel');

// The fields of a client's handshake; gives back its key.
function handshake(headers) {
  const key = wire.wsKey();
  headers.Upgrade = 'websocket';
  headers.Connection = 'Upgrade';
  headers['Sec-WebSocket-Key'] = key;
  headers['Sec-WebSocket-Version'] = '13';
  return key;
}

function decoded(socket, isClient, rest) {
  const object = { _ObjectID: 'http.WebSocketStream.decoded' };
  let waiting;
  const go = function () { const next = waiting; waiting = undefined; if (next !== undefined) { next(); } };
  const channel = new Channel(socket, isClient, {
    text: take, binary: take,
    ping: function (bytes) { if (object.listenerCount('ping') > 0) { object.emit('ping', bytes); } },
    pong: function (bytes) { if (object.listenerCount('pong') > 0) { object.emit('pong', bytes); } },
    drain: go,
    closed: function () {
      go();
      object.push(null);
      setImmediate(function () { object.emit('close'); object.emit('~'); });
    },
  });
  // Once a reader wants a rest, the socket has one, too.
  function take(data) {
    object.push(data);
    return !object.isPaused() && object._getBufferedWrites() === 0;
  }
  readable(object, {
    paused: function (wait) { if (wait) { channel.pause(); } else { channel.resume(); } },
    read: function () { channel.resume(); },
  });
  writable(object, {
    write: function (given, flush) {
      // Cores write objects, too: they go as JSON.
      const chunk = typeof given === 'string' || given instanceof Uint8Array ? given : JSON.stringify(given);
      const room = channel.send(typeof chunk === 'string' ? TEXT : BINARY, chunk);
      if (!room && !channel.over && !channel.sentClose && !socket.destroyed) { waiting = flush; return false; }
      flush();
      return true;
    },
    final: function (flush) { channel.close(undefined, '', 5000); flush(); },
  });
  EventEmitter.call(object).createEvent('ping', 'pong', 'timeout')
    .addMethod('ping', function ping(bytes) { channel.send(PING, bytes === undefined ? '' : bytes); })
    .addMethod('pong', function pong(bytes) { channel.send(PONG, bytes === undefined ? '' : bytes); });
  object.descriptorMetadata = '';
  const counters = {
    bytesReceived_uncompressed: function () { return channel.payloadIn; },
    bytesReceived_actual: function () { return channel.bytesIn; },
    bytesSent_uncompressed: function () { return channel.payloadOut; },
    bytesSent_actual: function () { return channel.bytesOut; },
    bytesSent_ratio: function () { return ratio(channel.payloadOut, channel.bytesOut); },
    bytesReceived_ratio: function () { return ratio(channel.payloadIn, channel.bytesIn); },
  };
  for (const name of Object.keys(counters)) { Object.defineProperty(object, name, { get: counters[name], enumerable: true, configurable: true }); }
  hide(object, 'setTimeout', function setTimeout(ms, callback) {
    if (typeof callback === 'function') { object.on('timeout', callback); }
    socket.setTimeout(ms, function () { object.emit('timeout'); });
    return object;
  });
  object.resume();
  object.pause();
  // The listeners of whoever is told of the upgrade come first; without any, nothing is read. A pause that the script
  // asked for lasts: a relay adds its listener, and takes the first frame when its target is there.
  let held = false;
  const { pause, resume } = object;
  EventEmitter.call(object)
    .addMethod('pause', function () { held = true; return pause.call(this); })
    .addMethod('resume', function () { held = false; return resume.call(this); });
  object.on('newListener2', function (name) { if (name === 'data' && !held) { object.resume(); } });
  channel.paused = true;
  channel.start(rest);
  return object;
}

// Per cent saved by compression: none is agreed on, so frames only add.
function ratio(plain, actual) { return plain === 0 ? 0 : Math.max(0, Math.round((1 - actual / plain) * 100)); }

module.exports = { decoded, handshake };
