'use strict';
// The dialect's streams: chunks stay text or Buffer as written, `push` delivers before it returns. Js-host
// specification 5.2. They are mixed into plain objects, as natives of the real agent are.

const { EventEmitter, hide } = require('events');
const { STAYS } = EventEmitter;

const READ = Symbol('readable'), WRITE = Symbol('writable');

function join(a, b) {
  if (typeof a === 'string' && typeof b === 'string') { return a + b; }
  return Buffer.concat([typeof a === 'string' ? Buffer.from(a) : a, typeof b === 'string' ? Buffer.from(b) : b]);
}

// ---- reading ----------------------------------------------------------------------------------------------------

function readable(object, options) {
  const state = {
    options: options || {}, queue: [], flowing: false, paused: false, inData: false, head: undefined,
    ending: false, ended: false, pipes: [], blockedBy: 0, discard: false, scheduled: false, reading: false,
  };
  hide(object, READ, state);
  EventEmitter.call(object).createEvent('end').createEvent('data').createEvent('close').createEvent('error');
  for (const name in READABLE) { EventEmitter.call(object).addMethod(name, READABLE[name]); }
  hide(object, '_pipedStreams', []);
  object.on('newListener2', function (name) {
    if (name === 'data' && !state.paused) { state.flowing = true; later(object, state); }
  });
  return object;
}

function later(object, state) {
  if (state.scheduled) { return; }
  state.scheduled = true;
  setImmediate(function () { state.scheduled = false; flow(object, state); });
}

function runs(state) { return state.flowing && !state.paused && state.blockedBy === 0 && !state.inData; }

function deliver(object, state, chunk) {
  if (state.head !== undefined) { chunk = join(state.head, chunk); state.head = undefined; }
  state.inData = true;
  try { object.emit('data', chunk); } finally { state.inData = false; }
}

function flow(object, state) {
  while (runs(state) && state.queue.length > 0) { deliver(object, state, state.queue.shift()); }
  if (runs(state) && state.ending && !state.ended && state.queue.length === 0) {
    // What was given back and never completed is shown once more, for readers that take less at the end.
    if (state.head !== undefined && !state.tail) {
      state.tail = true;
      const rest = state.head;
      state.head = undefined;
      state.inData = true;
      try { object.emit('data', rest); } finally { state.inData = false; }
      state.head = undefined;
    }
    state.ended = true;
    object.emit('end');
  }
  if (runs(state) && !state.ending && typeof state.options.read === 'function' && !state.reading) {
    state.reading = true;
    try { state.options.read.call(object); } finally { state.reading = false; }
  }
}

const READABLE = {
  push: function push(chunk) {
    const state = this[READ];
    if (state.ending) { return false; }
    if (chunk === null) {
      state.ending = true;
      if (runs(state) && state.queue.length === 0) { flow(this, state); } else { later(this, state); }
      return false;
    }
    if (runs(state) && state.queue.length === 0) { deliver(this, state, chunk); } else { state.queue.push(chunk); }
    if (state.queue.length > 0 && runs(state)) { later(this, state); }
    return runs(state) || state.inData;
  },
  unshift: function unshift(chunk) {
    const state = this[READ];
    if (chunk === undefined || chunk === null || chunk.length === 0) { return; }
    if (state.inData) {
      // Comes back joined with the next bytes.
      state.head = state.head === undefined ? chunk : join(chunk, state.head);
    } else {
      state.queue.unshift(chunk);
      later(this, state);
    }
  },
  pause: function pause() {
    const state = this[READ];
    if (!state.paused) {
      state.paused = true;
      if (typeof state.options.paused === 'function') { state.options.paused.call(this, true); }
    }
    return this;
  },
  resume: function resume() {
    const state = this[READ], was = state.paused;
    state.paused = false;
    state.flowing = true;
    if (was && typeof state.options.paused === 'function') { state.options.paused.call(this, false); }
    later(this, state);
    return this;
  },
  isPaused: function isPaused() { return this[READ].paused || !this[READ].flowing; },
  _getBufferedWrites: function () { return this[READ].queue.length; },
  pipe: function pipe(target, options) {
    const self = this, state = this[READ], skip = options ? options.dataTypeSkip : 0;
    const link = { target, blocked: false };
    link.data = function (chunk) {
      if ((skip === 1 && typeof chunk === 'string') || (skip === 2 && typeof chunk !== 'string')) { return; }
      if (target.write(chunk) === false && !link.blocked) {
        link.blocked = true;
        state.blockedBy++;
        if (typeof state.options.paused === 'function') { state.options.paused.call(self, true); }
        target.once('drain', link.drained);
      }
    };
    link.drained = function () {
      if (!link.blocked) { return; }
      link.blocked = false;
      state.blockedBy--;
      if (state.blockedBy === 0 && !state.paused) {
        if (typeof state.options.paused === 'function') { state.options.paused.call(self, false); }
        flow(self, state);
      }
    };
    link.end = function () { if (!options || options.end !== false) { target.end(); } };
    link.data[STAYS] = link.end[STAYS] = true;
    state.pipes.push(link);
    this._pipedStreams.push(target);
    this.on('data', link.data);
    this.on('end', link.end);
    target.emit('pipe', this);
    return target;
  },
  unpipe: function unpipe(target) {
    const state = this[READ];
    for (const link of state.pipes.filter((one) => target === undefined || one.target === target)) {
      state.pipes.splice(state.pipes.indexOf(link), 1);
      this._pipedStreams.splice(this._pipedStreams.indexOf(link.target), 1);
      this.removeListener('data', link.data);
      this.removeListener('end', link.end);
      link.target.removeListener('drain', link.drained);
      link.drained();
      link.target.emit('unpipe', this);
    }
    if (this.listenerCount('data') === 0) { state.flowing = false; }
    return this;
  },
};

// ---- writing ----------------------------------------------------------------------------------------------------

function writable(object, options) {
  const state = { options: options || {}, queue: [], busy: false, owed: false, ending: false, finished: false, callbacks: [] };
  hide(object, WRITE, state);
  EventEmitter.call(object).createEvent('pipe').createEvent('unpipe').createEvent('drain').createEvent('finish')
    .createEvent('error').createEvent('end').createEvent('close');
  for (const name in WRITABLE) { EventEmitter.call(object).addMethod(name, WRITABLE[name]); }
  return object;
}

function next(object, state) {
  while (!state.busy && state.queue.length > 0) {
    const entry = state.queue.shift();
    if (pass(object, state, entry) === false) { state.owed = true; }
  }
  if (state.busy) { return; }
  if (state.owed && !state.ending) {
    state.owed = false;
    object.emit('drain');
  }
  if (state.ending && !state.finished && state.queue.length === 0) {
    state.finished = true;
    let flushed = false;
    const done = function () {
      if (flushed) { return; }
      flushed = true;
      object.emit('finish');
      for (const callback of state.callbacks.splice(0)) { callback.call(object); }
    };
    if (typeof state.options.final === 'function') { state.options.final.call(object, done); } else { done(); }
  }
}

function pass(object, state, entry) {
  state.busy = true;
  let inside = true, flushed = false;
  const flush = function () {
    if (flushed) { return; }
    flushed = true;
    state.busy = false;
    if (typeof entry.callback === 'function') { entry.callback.call(object); }
    if (!inside) { next(object, state); }
  };
  let flag;
  try { flag = state.options.write.call(object, entry.chunk, flush); } finally { inside = false; }
  return flag !== false && flushed;
}

const WRITABLE = {
  write: function write(chunk, encoding, callback) {
    const state = this[WRITE];
    if (typeof encoding === 'function') { callback = encoding; }
    if (state.ending) { return false; }
    if (state.busy || state.queue.length > 0) {
      state.queue.push({ chunk, callback });
      state.owed = true;
      return false;
    }
    const more = pass(this, state, { chunk, callback });
    if (!more) {
      state.owed = true;
      const self = this;
      // The sink wants a rest, though it is done already: let it breathe for a turn.
      if (!state.busy) { setImmediate(function () { next(self, state); }); }
    }
    return more;
  },
  end: function end(chunk, encoding, callback) {
    const state = this[WRITE];
    if (typeof chunk === 'function') { callback = chunk; chunk = undefined; }
    if (typeof encoding === 'function') { callback = encoding; }
    if (state.ending) { return; }
    hide(state, 'inEnd', true);
    if (chunk !== undefined && chunk !== null) { this.write(chunk); }
    state.ending = true;
    if (typeof callback === 'function') { state.callbacks.push(callback); }
    next(this, state);
  },
  writeCalledByEnd: function () { return this[WRITE].inEnd === true; },
};

// ---- the classes ------------------------------------------------------------------------------------------------

function Readable(options) {
  const self = this instanceof Readable ? this : {};
  if (self._ObjectID === undefined) { hide(self, '_ObjectID', 'readableStream'); }
  return readable(self, options);
}
function Writable(options) {
  const self = this instanceof Writable ? this : {};
  if (self._ObjectID === undefined) { hide(self, '_ObjectID', 'writableStream'); }
  return writable(self, options);
}
function Duplex(options) {
  const self = this instanceof Duplex ? this : {};
  if (self._ObjectID === undefined) { hide(self, '_ObjectID', 'duplexStream'); }
  readable(self, options);
  return writable(self, options);
}

exports._ObjectID = 'stream';
exports.Readable = Readable;
exports.Writable = Writable;
exports.Duplex = Duplex;
// Mixed into objects by the other modules of the dialect.
hide(exports, 'readable', readable);
hide(exports, 'writable', writable);
