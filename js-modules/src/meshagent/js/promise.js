'use strict';
// The dialect's promise: synchronous, several values, `this` in handlers is the promise. Js-host specification 5.3.
// It is not the engine's Promise and must not be: scripts rely on handlers having run when `_res` returns.

const { fail, hide } = require('events');

const PENDING = 0, RESOLVED = 1, REJECTED = 2;
const STATE = Symbol('promise');

function promise(executor) {
  if (!(this instanceof promise)) { return new promise(executor); }
  this._ObjectID = 'promise';
  const state = { phase: PENDING, values: [], handlers: [], handled: false };
  hide(this, STATE, state);
  // Cores empty the list to let go of what the promise came to.
  hide(this, '_internal', {
    get completedArgs() { return state.values; },
    set completedArgs(values) { state.values = values; },
  });
  hide(this, 'parentPromise', undefined);
  hide(this, '__childPromise', undefined);
  hide(this, 'descriptorMetadata', undefined);
  if (typeof executor !== 'function') { return; }
  const self = this;
  try {
    executor.call(this, function (...values) { settle(self, RESOLVED, values); },
      function (...values) { settle(self, REJECTED, values); });
  } catch (e) {
    settle(this, REJECTED, [e]);
  }
}

function settle(self, phase, values) {
  const state = self[STATE];
  if (state.phase !== PENDING) { return; }
  // A promise of a promise takes the other's end.
  if (phase === RESOLVED && values.length === 1 && values[0] instanceof promise && values[0] !== self) {
    return follow(values[0], self);
  }
  state.phase = phase;
  state.values = values;
  const handlers = state.handlers;
  state.handlers = [];
  for (const handler of handlers) { handler(); }
  if (phase === REJECTED && !state.handled) { setImmediate(reportUnhandled, self); }
}

function reportUnhandled(self) {
  const state = self[STATE];
  if (state.handled) { return; }
  const reason = state.values[0];
  throw fail('promise.uncaughtRejection: ' + reason, reason);
}

function follow(from, to) {
  from[STATE].handled = true;
  whenSettled(from, function () { settle(to, from[STATE].phase, from[STATE].values); });
}

function whenSettled(self, handler) {
  if (self[STATE].phase === PENDING) { self[STATE].handlers.push(handler); } else { handler(); }
}

promise.prototype.then = function then(resolved, rejected) {
  const self = this, state = this[STATE], child = new promise();
  hide(child, 'parentPromise', this);
  hide(this, '__childPromise', child);
  state.handled = true;
  whenSettled(this, function () {
    if (state.phase === RESOLVED) {
      if (typeof resolved !== 'function') { return settle(child, RESOLVED, state.values); }
      // What a handler throws leaves through the `_res` that ran it, as in the real agent.
      const value = resolved.apply(self, state.values);
      if (value instanceof promise) { follow(value, child); } else { settle(child, RESOLVED, [value]); }
    } else {
      if (typeof rejected === 'function') {
        rejected.apply(self, state.values);
        // The reason goes on to the child, but somebody has seen it.
        child[STATE].handled = true;
      }
      settle(child, REJECTED, state.values);
    }
  });
  return child;
};
promise.prototype.catch = function (rejected) { return this.then(undefined, rejected); };
promise.prototype.finally = function (handler) {
  const self = this;
  whenSettled(this, function () { handler.call(self); });
  return this;
};
for (const name of ['then', 'catch', 'finally']) { hide(promise.prototype, name, promise.prototype[name]); }
Object.defineProperty(promise.prototype, 'completed', {
  get: function () { return this[STATE].phase !== PENDING; }, configurable: true,
});

promise.defaultInit = function defaultInit(res, rej) {
  hide(this, '_res', res);
  hide(this, '_rej', rej);
  hide(this, 'resolve', res);
  hide(this, 'reject', rej);
};
promise.resolve = function (...values) { return new promise((res) => res(...values)); };
promise.reject = function (...values) { return new promise((res, rej) => rej(...values)); };

// Resolves with the promises themselves, once all are resolved.
promise.all = function all(list) {
  const result = new promise(promise.defaultInit);
  let left = list.length;
  if (left === 0) { result._res([]); }
  for (const one of list) {
    one[STATE].handled = true;
    whenSettled(one, function () {
      if (one[STATE].phase === REJECTED) { result._rej.apply(null, one[STATE].values); }
      if (--left === 0) { result._res(list); }
    });
  }
  return result;
};

// Blocks the script, not the events, until the promise is settled.
promise.wait = function wait(on) {
  const state = on[STATE];
  state.handled = true;
  if (state.phase === PENDING) {
    const latch = native.latch();
    whenSettled(on, function () { native.open(latch); });
    native.wait(latch);
  }
  if (state.phase === REJECTED) { throw state.values[0]; }
  return state.values[0];
};

// A listener that calls `target` with another `this`.
promise.event_switcher = function (callee, target) { return { func: function (...args) { return target.apply(callee, args); } }; };
promise.event_forwarder = function (from, event, to, toEvent) {
  from.on(event, function (...args) { to.emit(toEvent === undefined ? event : toEvent, ...args); });
};

module.exports = promise;
