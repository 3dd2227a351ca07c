'use strict';
// The driver of Intel's management engine. Machines without it say so.

const fs = require('node:fs');
const { fail } = require('events');

exports._ObjectID = 'heci';
exports.IOCTL = {};
exports.GUIDS = {};
Object.defineProperty(exports, 'supported', { get: function () { return false; } });
exports.create = function create() {
  const device = ['/dev/mei0', '/dev/mei'].find((path) => fs.existsSync(path));
  throw fail(device === undefined ? 'heci.create(): this machine has no management engine interface (/dev/mei0)'
    : 'heci.create(): ' + device + ' is there, but this agent cannot talk to it yet');
};
