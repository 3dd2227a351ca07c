'use strict';
// Files below a folder whose name has a text: `find(root, filter)` gives a promise with an event per file found.

const fs = require('node:fs');
const promise = require('promise');
const { EventEmitter } = require('events');

// Entries looked at in one turn, so that the channel stays alive meanwhile, and the most that one search visits.
const AT_ONCE = 200, MOST_DEEP = 64;

function matcher(filter) {
  const wanted = String(filter === undefined || filter === null ? '' : filter).toLowerCase();
  if (!/[*?]/.test(wanted)) { return function (name) { return name.toLowerCase().includes(wanted); }; }
  const pattern = new RegExp('^' + wanted.replace(/[.+^${}()|[\]\\]/g, '\\$&').replace(/\*+/g, '.*').replace(/\?/g, '.') + '$');
  return function (name) { return pattern.test(name.toLowerCase()); };
}

exports._ObjectID = 'file-search';
exports.find = function find(root, filter) {
  const search = new promise(promise.defaultInit);
  EventEmitter.call(search, true).createEvent('result');
  const matches = matcher(filter);
  let cancelled = false;
  // Folders that wait, each with the entries not yet looked at.
  const stack = [{ path: String(root).replace(/^"|"$/g, '').replace(/(.)\/+$/, '$1'), names: null }];
  search.cancel = function cancel(callback) {
    cancelled = true;
    if (typeof callback === 'function') { setImmediate(callback); }
  };
  const step = function () {
    if (cancelled) { search._rej('Cancelled'); return; }
    for (let left = AT_ONCE; left > 0 && stack.length > 0; left--) {
      const folder = stack[stack.length - 1];
      if (folder.names === null) {
        try { folder.names = fs.readdirSync(folder.path, { withFileTypes: true }); } catch (e) { folder.names = []; }
        folder.next = 0;
      }
      if (folder.next >= folder.names.length) { stack.pop(); continue; }
      const entry = folder.names[folder.next++], path = (folder.path === '/' ? '' : folder.path) + '/' + entry.name;
      // Links are not followed: they lead in circles.
      if (entry.isDirectory()) {
        if (stack.length < MOST_DEEP) { stack.push({ path, names: null }); }
      } else if (matches(entry.name)) {
        search.emit('result', path);
        if (cancelled) { break; }
      }
    }
    if (stack.length === 0) { search._res(); } else { setImmediate(step); }
  };
  // The caller adds its listeners first.
  setImmediate(step);
  return search;
};
