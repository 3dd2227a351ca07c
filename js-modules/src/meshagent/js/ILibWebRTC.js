'use strict';
// Data channels of WebRTC. Tunnels fall back to the relay of the server when a connection is refused here.

const { EventEmitter, fail } = require('events');

exports._ObjectID = 'ILibWebRTC';
EventEmitter.call(exports);
exports.createConnection = function createConnection() {
  throw fail('ILibWebRTC.createConnection(): this agent has no WebRTC yet; use the relay of the server');
};
exports.createNewFactory = function createNewFactory() { return exports; };
