'use strict';
// A short notice on the desktop.

const promise = require('promise');
const desktop = require('internal/desktop');

exports._ObjectID = 'toaster';
// Resolves when it was shown.
exports.Toast = function Toast(title, caption, uid) {
  const shown = new promise(promise.defaultInit);
  shown.title = title;
  shown.caption = caption;
  try {
    const where = desktop.of(uid), found = desktop.first(['notify-send', 'zenity', 'kdialog']);
    if (found === null) { throw new Error('toaster: none of notify-send, zenity, kdialog is installed'); }
    const heading = String(title), text = String(caption);
    const args = found[0] === 'notify-send' ? ['--', heading, text]
      : found[0] === 'zenity' ? ['--notification', '--title=' + heading, '--text=' + text, '--timeout=5'] : ['--title', heading, '--passivepopup', text, '5'];
    desktop.run(found[1], args, where, undefined, 10).then(function (code) {
      if (code === 0 || code === 5) { shown._res(); } else { shown._rej('toaster: ' + found[0] + ' ended with ' + code); }
    }, function (why) { shown._rej(why); });
  } catch (e) {
    shown._rej(e.message === undefined ? String(e) : e.message);
  }
  return shown;
};
