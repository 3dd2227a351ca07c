'use strict';
// The dialect's dgram: sockets that are bound when `bind` returns. Js-host specification 7; details were compared with
// the real agent.

const { EventEmitter, fail, hide } = require('events');
const node = require('node:dgram');
const { isIP } = require('node:net');

function createSocket(options, listener) {
  const given = typeof options === 'string' ? { type: options } : options || {};
  const type = given.type === undefined ? 'udp4' : String(given.type);
  if (type !== 'udp4' && type !== 'udp6') { throw fail('dgram.createSocket(): Invalid \'type\' specified: ' + type); }
  const socket = node.createSocket({ type, reuseAddr: Boolean(given.reuseAddr), _bindNow: true });
  const object = { _ObjectID: 'dgram.socket' };
  EventEmitter.call(object).createEvent('close', 'error', 'listening', 'message', 'flushed');
  let bound = false, closed = false, binding = false, failure;
  socket.on('message', function (data, from) {
    object.emit('message', data, { family: from.family, address: from.address, port: from.port, size: from.size });
  });
  socket.on('close', function () { object.emit('close'); object.emit('~'); });
  socket.on('listening', function () { object.emit('listening'); });
  socket.on('error', function (e) {
    if (binding) { failure = e; } else { object.emit('error', e); }
  });
  const bind = function (port, address) {
    const named = address !== undefined && isIP(address) === 0 ? resolve(address)[0] || address : address;
    failure = undefined;
    binding = bound = true;
    try { socket.bind({ port, address: named, exclusive: true }); } finally { binding = false; }
    if (failure !== undefined) { bound = false; throw fail('dgram.bind(): Failed to bind', failure); }
  };
  EventEmitter.call(object)
    .addMethod('bind', function (port, address, callback) {
      const to = port !== null && typeof port === 'object' ? port : { port: typeof port === 'number' ? port : 0, address: typeof address === 'string' ? address : undefined };
      const done = [port, address, callback].find((one) => typeof one === 'function');
      if (done !== undefined) { object.once('listening', done); }
      if (bound) { throw fail('dgram.bind(): the socket is bound already'); }
      bind(Number(to.port) || 0, to.address);
      return object;
    })
    .addMethod('close', function close(callback) {
      if (closed) { return; }
      closed = true;
      if (typeof callback === 'function') { object.once('close', callback); }
      socket.close();
    });
  // `(data, port, address[, callback])` and `(data, offset, length, port, address[, callback])`.
  hide(object, 'send', function send(data, ...rest) {
    if (closed) { throw fail('dgram.send(): the socket is closed'); }
    if (!bound) { bind(0); }
    let bytes = typeof data === 'string' ? Buffer.from(data) : data;
    if (typeof rest[2] === 'number') { bytes = bytes.subarray(rest[0], rest[0] + rest[1]); rest.splice(0, 2); }
    const [port, address, callback] = rest;
    if (typeof port !== 'number') { throw new TypeError('dgram.send(): the port must be a number'); }
    socket.send(bytes, port, typeof address === 'string' ? address : undefined, function (e) {
      // Datagrams get lost: only who asked hears of it.
      if (typeof callback === 'function') { if (e) { callback.call(object, e); } else { callback.call(object); } }
      object.emit('flushed');
    });
  });
  for (const name of ['addMembership', 'dropMembership', 'setBroadcast', 'setMulticastLoopback', 'setMulticastTTL', 'setMulticastInterface', 'setTTL']) {
    hide(object, name, function (...args) {
      if (!bound) { bind(0); }
      socket[name](...args);
    });
  }
  hide(object, 'address', function address() {
    const own = socket.address();
    // The real agent calls the address `host`.
    hide(own, 'host', own.address);
    return own;
  });
  hide(object, 'ref', function ref() { socket.ref(); return object; });
  hide(object, 'unref', function unref() { socket.unref(); return object; });
  object.descriptorMetadata = '';
  if (typeof listener === 'function') { object.on('message', listener); }
  return object;
}

exports._ObjectID = 'dgram';
exports.createSocket = createSocket;
