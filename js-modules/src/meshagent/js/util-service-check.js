'use strict';
// A service by its name, or null.

module.exports = function check(name) {
  try { return require('service-manager').manager.getService(name); } catch (e) { return null; }
};
