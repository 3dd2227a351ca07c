'use strict';
// The bar that tells a person who looks at the screen. It needs windows of our own, which this agent has not.

const { fail } = require('events');

module.exports = function notifybar() {
  throw fail('notifybar-desktop: this agent has no desktop sharing, so there is nothing to tell of');
};
