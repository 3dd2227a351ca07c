'use strict';
// What the agent waits for, for people who look for a leak or a busy loop.

const { EventEmitter } = require('events');
const promise = require('promise');

EventEmitter.call(exports).createEvent('PostSelect');

function span(ms) {
  if (ms < 1000) { return ms.toFixed(1) + ' milliseconds'; }
  if (ms < 60000) { return (ms / 1000).toFixed(1) + ' seconds'; }
  if (ms < 3600000) { return (ms / 60000).toFixed(1) + ' minutes'; }
  return (ms / 3600000).toFixed(1) + ' hours';
}

exports.getTimerInfo = function getTimerInfo() {
  let text = '';
  for (const timer of native.timers()) {
    const named = timer.object.metadata;
    text += ' Timer: ' + span(timer.ms) + '  (' + timer.object._hashCode() + ') [' + (timer.repeat ? 'setInterval()' : 'setTimeout()') +
      (named === undefined ? '' : ', ' + named) + ']\n';
  }
  return text;
};

// A text of the links of the chain.
exports.getSnapshot = function getSnapshot() {
  const next = native.next();
  let text = next === undefined ? ' Chain Timeout: none\n' : ' Chain Timeout: ' + Math.round(next) + ' milliseconds\n';
  const count = new Map();
  for (const name of native.links()) { count.set(name, (count.get(name) || 0) + 1); }
  for (const [name, times] of count) { text += ' Link: ' + name + (times > 1 ? ' (' + times + ' times)' : '') + '\n'; }
  return promise.resolve(text);
};
