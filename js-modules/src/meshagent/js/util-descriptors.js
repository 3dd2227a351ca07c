'use strict';
// The descriptors of this process.

const fs = require('node:fs');
const { fail } = require('events');

exports.getOpenDescriptors = function getOpenDescriptors() {
  return fs.readdirSync('/proc/self/fd').map(Number).sort((a, b) => a - b);
};
// Everything we open is closed on exec by itself: there is nothing to do, and closing what others own would end them.
exports.closeDescriptors = function closeDescriptors() { return 0; };
exports._execv = function _execv() {
  throw fail('util-descriptors._execv(): this agent is restarted by its supervisor, it does not replace itself');
};
