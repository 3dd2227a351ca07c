'use strict';
// The clipboard of the person at the desktop, by xclip, xsel or wl-clipboard. Without one these functions throw, as
// the real agent's do: the console shows that, and a rejection nobody takes would be an exception of the core.

const desktop = require('internal/desktop');
const { fail, hide } = require('events');

const READ = { xclip: ['-selection', 'clipboard', '-o'], xsel: ['--clipboard', '--output'], 'wl-paste': ['--no-newline'] };
const WRITE = { xclip: ['-selection', 'clipboard', '-i'], xsel: ['--clipboard', '--input'], 'wl-copy': [] };
const SECONDS = 5;

function tool(table, where) {
  const wayland = Object.keys(table).filter((name) => name.startsWith('wl-') && where.env.WAYLAND_DISPLAY);
  const found = desktop.first(wayland.concat(Object.keys(table).filter((name) => !name.startsWith('wl-'))));
  if (found === null) { throw fail('clipboard: install xclip, xsel or wl-clipboard to reach it'); }
  return found;
}
function read() {
  const where = desktop.of(), [name, path] = tool(READ, where);
  // An empty clipboard is an error to these programs, and a text without characters to us.
  return desktop.run(path, READ[name], where, undefined, SECONDS).then(function (code, bytes) { return code === 0 ? bytes.toString() : ''; });
}
function write(text) {
  const where = desktop.of(), [name, path] = tool(WRITE, where);
  return desktop.run(path, WRITE[name], where, String(text), SECONDS);
}

module.exports = function clipboard(text) { return write(text); };
module.exports.read = read;
module.exports.dispatchRead = read;
module.exports.dispatchWrite = write;
Object.defineProperty(module.exports, 'xclip', { get: function () { const found = desktop.first(['xclip']); return found === null ? null : found[1]; } });
// Modules as lines that a child engine can run.
module.exports.nativeAddModule = function nativeAddModule(name) {
  return 'addModule(' + JSON.stringify(String(name)) + ', ' + JSON.stringify(getJSModule(name)) + ');';
};
hide(module.exports, 'nativeAddCompressedModule', module.exports.nativeAddModule);
module.exports.nativeBase64 = function nativeBase64(text) { return Buffer.from(String(text)).toString('base64'); };
