'use strict';
// The name servers of the system: util-dns() gives their addresses.

module.exports = function servers() { return require('os').dns(); };
