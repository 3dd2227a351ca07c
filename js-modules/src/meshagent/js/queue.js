'use strict';
// First in, first out; an entry is all arguments of one call. Js-host specification 8.4.

const { EventEmitter } = require('events');

function Queue() {
  const self = this instanceof Queue ? this : {};
  const entries = [];
  EventEmitter.call(self);
  const first = function (take) {
    if (entries.length === 0) { throw new Error('Queue is empty'); }
    const entry = take ? entries.shift() : entries[0];
    return entry.length === 1 ? entry[0] : entry;
  };
  self.enQueue = function enQueue() { entries.push(Array.from(arguments)); };
  self.deQueue = function deQueue() { return first(true); };
  self.peekQueue = function peekQueue() { return first(false); };
  self.isEmpty = function isEmpty() { return entries.length === 0; };
  return self;
}

module.exports = Queue;
