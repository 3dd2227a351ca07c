'use strict';
// Desktop sessions that a viewer may choose from: without a desktop stream there is none to start, only those that exist.

const sessions = require('user-sessions');
const { fail } = require('events');

exports.hasVirtualSessionSupport = false;
exports.allowed = [];
exports.loginUids = function loginUids() { return sessions.loginUids(); };
exports.users = function users() {
  const result = {};
  sessions.Current(function (list) {
    for (const one of list) { result[one.SessionId] = Object.assign({}, one); }
  });
  return result;
};
exports.createVirtualSession = function createVirtualSession() {
  throw fail('kvm-helper.createVirtualSession(): virtual desktop sessions are not supported by this agent');
};
