'use strict';
// Joins a folder and names to one path: util-pathHelper(folder, name…).

module.exports = function join(first, ...rest) {
  let path = String(first);
  for (const part of rest) {
    if (part === undefined || part === null || part === '') { continue; }
    path = path.replace(/\/+$/, '') + '/' + String(part).replace(/^\/+/, '');
  }
  return path;
};
