'use strict';
// Scripts with modules packed into them: `expand` writes the modules to files, `shrink` packs files into one script.

const fs = require('node:fs');
const path = require('node:path');

const PACKED = /addModule\("((?:[^"\\]|\\.)*)",\s*("(?:[^"\\]|\\.)*")\s*\);/g;

// The modules that a packed script carries, written to a folder; returns their names.
exports.expand = function expand(options) {
  const source = fs.readFileSync(String(options.embeddedSource || options.source), 'utf8'), folder = String(options.destination || '.');
  const names = [];
  for (const found of source.matchAll(PACKED)) {
    const name = JSON.parse('"' + found[1] + '"');
    if (path.basename(name) !== name) { continue; }
    fs.writeFileSync(path.join(folder, name + '.js'), JSON.parse(found[2]));
    names.push(name);
  }
  return names;
};
// One script that adds the modules of a folder and then runs a file.
exports.shrink = function shrink(options) {
  const folder = String(options.modulesPath || options.expandedPath || '.'), lines = [];
  for (const file of fs.readdirSync(folder).filter((name) => name.endsWith('.js')).sort()) {
    lines.push('addModule(' + JSON.stringify(file.slice(0, -3)) + ', ' + JSON.stringify(fs.readFileSync(path.join(folder, file), 'utf8')) + ');');
  }
  const text = lines.join('\n') + '\n' + (options.source === undefined ? '' : fs.readFileSync(String(options.source), 'utf8'));
  if (options.destination !== undefined) { fs.writeFileSync(String(options.destination), text); }
  return text;
};
exports.update = function update(options) { return exports.shrink(options); };
