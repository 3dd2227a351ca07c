'use strict';
// A question to the person at the desktop: zenity, kdialog or xmessage, whichever is there.

const promise = require('promise');
const desktop = require('internal/desktop');

exports._ObjectID = 'message-box';
for (const [name, program] of [['zenity', 'zenity'], ['kdialog', 'kdialog'], ['xmessage', 'xmessage'], ['notifysend', 'notify-send']]) {
  Object.defineProperty(exports, name, { get: function () {
    const found = desktop.first([program]);
    return found === null ? null : { path: found[1] };
  }, enumerable: true });
}

// The words for each program; `layout` is a list of two labels, or 1 for a single button.
function words(name, title, text, seconds, layout) {
  const [yes, no] = Array.isArray(layout) ? layout.map(String) : ['Yes', 'No'], single = layout === 1;
  const plain = String(text).replace(/\\n/g, '\n');
  switch (name) {
    case 'zenity': {
      const marked = plain.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');
      const common = ['--title=' + title, '--text=' + marked, '--timeout=' + seconds, '--width=360'];
      return (single ? ['--info'] : ['--question', '--ok-label=' + yes, '--cancel-label=' + no]).concat(common);
    }
    case 'kdialog':
      return single ? ['--title', title, '--msgbox', plain] : ['--title', title, '--yes-label', yes, '--no-label', no, '--yesno', plain];
    default:
      return ['-title', title, '-timeout', String(seconds), '-center', '-buttons', single ? 'OK:0' : yes + ':0,' + no + ':1', '--', plain];
  }
}

// Resolves when accepted; rejects with `denied`, `timeout`, or why nobody could be asked.
exports.create = function create(title, text, timeout, layout, uid) {
  const box = new promise(promise.defaultInit);
  const seconds = Math.max(1, Math.min(86400, Math.floor(Number(timeout) || 10)));
  let running;
  box.close = function close() { if (running !== undefined) { running.kill(); } };
  try {
    const where = desktop.of(uid), found = desktop.first(['zenity', 'kdialog', 'xmessage']);
    if (found === null) { throw new Error('message-box: none of zenity, kdialog, xmessage is installed'); }
    running = desktop.run(found[1], words(found[0], String(title), text, seconds, layout), where, undefined, seconds);
    running.then(function (code) {
      if (code === 0) { box._res(); } else { box._rej(code === 5 || code === null ? 'timeout' : 'denied'); }
    }, function (why) { box._rej(why); });
  } catch (e) {
    box._rej(e.message === undefined ? String(e) : e.message);
  }
  return box;
};
