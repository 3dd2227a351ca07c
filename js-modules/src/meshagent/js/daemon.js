'use strict';
// Starts programs that outlive the script.

const process = require('node:process');

exports.start = function start(path, parameters, options) { return require('service-host').detached(path, parameters, options); };
// Another agent of our own program, with its own settings file.
exports.agent = function agent(path, parameters, options) {
  return exports.start(path === undefined ? process.execPath : path, ['run'].concat(parameters || []), options);
};
