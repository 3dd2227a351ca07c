'use strict';
// Events of acpid, where it runs.

const { EventEmitter } = require('events');
const fs = require('node:fs');

const SOCKET = '/var/run/acpid.socket', LONGEST = 4096;

exports._ObjectID = 'linux-acpi';
EventEmitter.call(exports, true).createEvent('acpi');
Object.defineProperty(exports, 'supported', { get: function () { return fs.existsSync(SOCKET); } });

let connection;
exports.on('newListener2', function (name) {
  if (name !== 'acpi' || connection !== undefined || !exports.supported) { return; }
  let rest = '';
  connection = require('net').createConnection({ path: SOCKET });
  connection.on('data', function (chunk) {
    const lines = (rest + chunk.toString()).split('\n');
    rest = lines.pop();
    if (rest.length > LONGEST) { rest = ''; }
    for (const line of lines) {
      const [kind, source, type, value] = line.trim().split(/\s+/);
      if (kind !== '') { exports.emit('acpi', { name: kind, source, type, value }); }
    }
  });
  connection.on('error', function () { connection = undefined; });
  connection.on('close', function () { connection = undefined; });
});
