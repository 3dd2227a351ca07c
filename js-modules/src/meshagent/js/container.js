'use strict';
// The child's side of a script container: runs what the parent sends until the parent goes or says so.

const process = require('node:process');
const container = require('ScriptContainer');
// Cores have no standard input; a container's is the parent's.
const input = require('internal/stdio').input();

function tell(message) { native.reply(container._frame(message)); }

function leave(code) {
  tell({ op: 'exit', code });
  process.exit(code);
}

const take = function (message) {
  switch (message.op) {
    case 'run': {
      let error;
      try { native.evaluate(message.text, message.name); } catch (e) { error = String(e); }
      tell(error === undefined ? { op: 'done' } : { op: 'done', error });
      break;
    }
    case 'data': container.emit('data', message.value); break;
    case 'addModule': addModule(message.name, message.source); break;
    case 'exit': leave(message.code); break;
    default: break;
  }
};

input.on('data', container._reader(take, function (what) {
  console.error('the parent sent ' + what);
  process.exit(70);
}));
// Nobody is left to work for.
input.on('end', function () { process.exit(0); });
tell({ op: 'ready' });
