'use strict';
// The state of the agent of this machine, asked of the program.

const { output } = require('internal/run');
const process = require('node:process');
const promise = require('promise');

exports.start = function start() { return undefined; };
exports.query = function query() {
  const text = output(process.execPath, ['status']);
  return text === null ? promise.reject('the agent does not answer') : promise.resolve(text.trim());
};
