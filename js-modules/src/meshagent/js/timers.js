'use strict';
// The dialect's timers: emitter objects; the callback's `this` is the timer. Js-host specification 4.
// A timer nobody holds fires all the same: a superset of the real agent, which collects it.

const { EventEmitter, hide } = require('events');
const timers = require('internal/timers');

const ID = Symbol('id');

function Timer(kind) {
  this._ObjectID = 'Timers.' + kind;
  hide(this, ID, undefined);
  hide(this, 'metadata', undefined);
  EventEmitter.call(this);
}

function start(kind, callback, ms, args) {
  if (typeof callback !== 'function') { throw new TypeError('a timer needs a function to call'); }
  const timer = new Timer(kind);
  const run = named(callback, kind);
  timer[ID] = kind === 'immediate' ? timers.startImmediate(timer, run, args)
    : timers.start(timer, run, Number(ms) || 0, kind === 'interval', args);
  return timer;
}

// An exception says which callback threw, as in the real agent.
function named(callback, kind) {
  return function (...args) {
    try {
      return callback.apply(this, args);
    } catch (e) {
      if (e !== null && typeof e === 'object' && !Object.prototype.hasOwnProperty.call(e, 'timer')) {
        const what = 'timers.' + (kind === 'immediate' ? 'onImmediate' : 'onElapsed');
        const f = new Error(what + '() callback handler on \'' + callback.name + '()\' => ' + e);
        if (e.stack !== undefined) { hide(f, 'stack', e.stack); }
        hide(f, 'cause', e);
        hide(f, 'timer', true);
        hide(f, 'emission', kind);
        throw f;
      }
      throw e;
    }
  };
}

function clear(timer) {
  if (timer === null || timer === undefined || timer[ID] === undefined) { return; }
  if (timer._ObjectID === 'Timers.immediate') { timers.stopImmediate(timer[ID]); } else { timers.stop(timer[ID]); }
  timer[ID] = undefined;
}

exports._ObjectID = 'timers';
exports.setTimeout = function setTimeout(callback, ms, ...args) { return start('timeout', callback, ms, args); };
exports.setInterval = function setInterval(callback, ms, ...args) { return start('interval', callback, ms, args); };
exports.setImmediate = function setImmediate(callback, ...args) { return start('immediate', callback, 0, args); };
exports.clearTimeout = function clearTimeout(timer) { clear(timer); };
exports.clearInterval = function clearInterval(timer) { clear(timer); };
exports.clearImmediate = function clearImmediate(timer) { clear(timer); };
exports.queueMicrotask = timers.queueMicrotask;
