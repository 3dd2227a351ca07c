'use strict';
// The dialect's events: a mixin for any object, with declared events, setter-listeners and return values.
// Js-host specification 5.1; details were compared with the real agent.

const STATE = Symbol('emitter');
const HOOKS = ['newListener', 'newListener2', 'removeListener'];
const METHODS = {};

// Errors of the dialect are texts: their name is empty, so that '' + e is the message alone.
function fail(text, cause) {
  const e = new Error(text);
  hide(e, 'name', '');
  if (cause !== undefined) {
    hide(e, 'cause', cause);
    // The place of the fault is where the script threw, not here.
    if (cause !== null && typeof cause === 'object' && cause.stack !== undefined) { hide(e, 'stack', cause.stack); }
  }
  return e;
}

function hide(object, name, value) {
  Object.defineProperty(object, name, { value, writable: true, enumerable: false, configurable: true });
}

function stateOf(object) {
  const state = object[STATE];
  if (state === undefined) { throw fail('this object is no event emitter: call EventEmitter on it first'); }
  return state;
}

function install(object, explicit) {
  let state = Object.prototype.hasOwnProperty.call(object, STATE) ? object[STATE] : undefined;
  if (state !== undefined) { return state; }
  state = { explicit: explicit === true, events: new Map(), methods: {}, last: undefined };
  hide(object, STATE, state);
  for (const name in METHODS) {
    if (name === 'removeListener') { continue; }
    hide(object, name, METHODS[name]);
  }
  // A method and an event at once.
  state.methods.removeListener = METHODS.removeListener;
  for (const name of HOOKS) { declare(object, state, name); }
  declare(object, state, '~');
  return state;
}

function declare(object, state, name) {
  if (!state.events.has(name)) { state.events.set(name, { listeners: [], returned: undefined }); }
  const present = Object.getOwnPropertyDescriptor(object, name);
  if (present !== undefined && present.get !== undefined && present.get.emitter === true) { return; }
  // What was a method stays readable: `end`, `close`, `connect` are methods and events.
  if (typeof object[name] === 'function' && state.methods[name] === undefined) { state.methods[name] = object[name]; }
  const get = function () { return state.methods[name]; };
  get.emitter = true;
  Object.defineProperty(object, name, {
    get,
    set: function (listener) { if (typeof listener === 'function') { this.on(name, listener); } },
    enumerable: false,
    configurable: true,
  });
}

function add(object, name, listener, once, first) {
  const state = stateOf(object);
  if (typeof listener !== 'function') { throw new TypeError('the listener of \'' + name + '\' must be a function'); }
  let event = state.events.get(name);
  if (event === undefined) {
    if (state.explicit) { throw fail('Cannot register for non-existing event: ' + name); }
    state.events.set(name, event = { listeners: [], returned: undefined });
  }
  const hooked = HOOKS.indexOf(name) < 0;
  if (hooked && state.events.get('newListener').listeners.length > 0) { object.emit('newListener', name, listener); }
  const entry = { listener, once };
  // A new array each time: an emission that runs goes on over the old one.
  event.listeners = first ? [entry].concat(event.listeners) : event.listeners.concat([entry]);
  if (hooked && state.events.get('newListener2').listeners.length > 0) { object.emit('newListener2', name, listener); }
  return object;
}

METHODS.on = function on(name, listener) { return add(this, name, listener, false, false); };
METHODS.once = function once(name, listener) { return add(this, name, listener, true, false); };
METHODS.prependListener = function prependListener(name, listener) { return add(this, name, listener, false, true); };
METHODS.prependOnceListener = function prependOnceListener(name, listener) { return add(this, name, listener, true, true); };

METHODS.removeListener = function removeListener(name, listener) {
  const state = stateOf(this), event = state.events.get(name);
  if (event === undefined) { return this; }
  for (let i = event.listeners.length - 1; i >= 0; i--) {
    if (event.listeners[i].listener !== listener) { continue; }
    event.listeners = event.listeners.filter((_, at) => at !== i);
    if (name !== 'removeListener' && state.events.get('removeListener').listeners.length > 0) {
      this.emit('removeListener', name, listener);
    }
    break;
  }
  return this;
};

// Marks listeners that are none of the script's: pipes are native in the real agent, and only `unpipe` ends them.
const STAYS = Symbol('stays');
METHODS.removeAllListeners = function removeAllListeners(name) {
  const state = stateOf(this);
  for (const [key, event] of state.events) {
    // The hooks are infrastructure: only their own name removes them.
    if (key === name || (name === undefined && HOOKS.indexOf(key) < 0)) {
      event.listeners = event.listeners.filter((entry) => entry.listener[STAYS] === true);
    }
  }
  return this;
};

METHODS.listeners = function listeners(name) {
  const event = stateOf(this).events.get(name);
  return event === undefined ? [] : event.listeners.map((entry) => entry.listener);
};

METHODS.listenerCount = function listenerCount(name) {
  const event = stateOf(this).events.get(name);
  return event === undefined ? 0 : event.listeners.length;
};

METHODS.eventNames = function eventNames() {
  const names = [];
  for (const [name, event] of stateOf(this).events) {
    if (event.listeners.length > 0 && name !== '~' && HOOKS.indexOf(name) < 0) { names.push(name); }
  }
  return names;
};

METHODS.emit = function emit(name, ...args) {
  const state = stateOf(this), event = state.events.get(name);
  if (event === undefined) {
    if (!state.explicit) { return false; }
    throw fail('EventEmitter.emit(): Event \'' + name + '\' not found on object \'' + (this._ObjectID || 'unknown') + '\'');
  }
  const listeners = event.listeners;
  if (listeners.length === 0) { return false; }
  event.returned = state.last = undefined;
  let ran = false;
  for (const entry of listeners) {
    if (entry.once) { event.listeners = event.listeners.filter((other) => other !== entry); }
    ran = true;
    let returned;
    try {
      returned = entry.listener.apply(this, args);
    } catch (e) {
      throw wrapped(e, name, this, entry.listener);
    }
    if (returned !== undefined) { event.returned = state.last = returned; }
  }
  return ran;
};

function wrapped(e, name, object, listener) {
  if (e !== null && typeof e === 'object' && Object.prototype.hasOwnProperty.call(e, 'emission')) { return e; }
  const f = fail('EventEmitter.emit(): Event dispatch for \'' + name + '\' on \'' + (object._ObjectID || 'unknown') +
    '\' threw an exception: ' + e + ' in method \'' + listener.name + '()\'', e);
  hide(f, 'emission', name);
  return f;
}

// Does not emit: reads what listeners returned last, or sets it for whoever emitted.
METHODS.emit_returnValue = function emit_returnValue(name, value) {
  const state = stateOf(this);
  if (arguments.length === 0) { return state.last; }
  const event = state.events.get(name);
  if (arguments.length === 1) { return event === undefined ? undefined : event.returned; }
  if (event !== undefined) { event.returned = value; }
  state.last = value;
};

// What EventEmitter.call(object) gives: the way to declare events and methods, chainable.
function Control(emitter) {
  this.emitter = emitter;
}
Control.prototype.createEvent = function createEvent(...names) {
  for (const name of names) { declare(this.emitter, stateOf(this.emitter), name); }
  return this;
};
Control.prototype.addMethod = function addMethod(name, method) {
  const state = stateOf(this.emitter);
  if (state.events.has(name)) { state.methods[name] = method; } else { hide(this.emitter, name, method); }
  return this;
};
// Kept from scripts' for-in loops, but found by dot.
for (const name of ['createEvent', 'addMethod']) { hide(Control.prototype, name, Control.prototype[name]); }

function EventEmitter(explicit) {
  install(this, explicit);
  return new.target === undefined ? new Control(this) : undefined;
}

function inherits(object) {
  install(object, true);
  return new Control(object);
}

// Drops a call that repeats the arguments of the one before within so many milliseconds.
function moderated(callback, ms) {
  let last, at = 0;
  return function () {
    const now = Date.now();
    const same = last !== undefined && now - at < ms && last.length === arguments.length &&
      last.every((value, i) => value === arguments[i]);
    if (same) { return; }
    last = Array.prototype.slice.call(arguments);
    at = now;
    return callback.apply(this, arguments);
  };
}

// Properties that scripts can read only by name through here.
const hidden = new WeakMap();
function getProperty(object, name) {
  const holder = arguments.length === 1 ? this : object, key = arguments.length === 1 ? object : name;
  const of = hidden.get(holder);
  return of === undefined ? undefined : of.get(key);
}
function setProperty(object, name, value) {
  let of = hidden.get(object);
  if (of === undefined) { hidden.set(object, of = new Map()); }
  of.set(name, value);
}
function deleteProperty(object, name) {
  const of = hidden.get(object);
  return of !== undefined && of.delete(name);
}
function hiddenProperties(object) {
  const of = hidden.get(object);
  return of === undefined ? [] : Array.from(of.keys());
}

exports._ObjectID = 'events';
exports.EventEmitter = EventEmitter;
exports.inherits = inherits;
exports.moderated = moderated;
exports.getProperty = getProperty;
exports.setProperty = setProperty;
exports.deleteProperty = deleteProperty;
exports.hiddenProperties = hiddenProperties;
exports.allProperties = function (object) { return Object.getOwnPropertyNames(object).concat(hiddenProperties(object)); };
// For the other modules of the dialect.
hide(exports, 'fail', fail);
hide(exports, 'hide', hide);
hide(EventEmitter, 'STAYS', STAYS);
