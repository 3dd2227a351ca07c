'use strict';
// The language of the machine, as `en-us`.

const { read } = require('internal/run');

function configured() {
  const env = require('node:process').env;
  for (const name of ['LC_ALL', 'LC_MESSAGES', 'LANG']) { if (env[name]) { return env[name]; } }
  // A service has no language in its environment: the system's setting stands in files.
  for (const path of ['/etc/locale.conf', '/etc/default/locale']) {
    const found = /^\s*LANG="?([^"\n]+)/m.exec(read(path));
    if (found !== null) { return found[1]; }
  }
  return 'C';
}

Object.defineProperty(exports, 'current', { get: function () {
  const language = configured().split('.')[0].split('@')[0];
  return language === 'C' || language === 'POSIX' ? 'C' : language.replace('_', '-').toLowerCase();
} });
