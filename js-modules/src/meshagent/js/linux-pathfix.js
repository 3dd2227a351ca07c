'use strict';
// Services are often started with a short PATH: adds the folders of administrators' programs.

const process = require('process');

const FOLDERS = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];

module.exports = function fixPath() {
  const given = String(process.env.PATH || '').split(':').filter((folder) => folder !== '');
  const missing = FOLDERS.filter((folder) => !given.includes(folder));
  if (missing.length > 0) { process.setenv('PATH', given.concat(missing).join(':')); }
};
