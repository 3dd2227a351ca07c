'use strict';
// Calls into native libraries, as cores make them: variables with an address, methods that take and give words.
// Js-host specification 8.5; details were compared with the real agent.

const { EventEmitter, fail, hide } = require('events');
const promise = require('promise');

const PLACE = Symbol('place'), KEPT = Symbol('kept');
const EVENTS = ['on', 'once', 'prependListener', 'prependOnceListener', 'removeListener', 'removeAllListeners', 'listeners',
  'listenerCount', 'eventNames', 'emit', 'emit_returnValue'];
const WORD = native.pointerSize;
// Arguments of one call, as in the real agent; blocks that script wants kept for good.
const MOST_ARGUMENTS = 20, MOST_KEPT = 4096;

// Errors of the natives are texts here; a refusal keeps its code.
function said(action) {
  try { return action(); } catch (e) {
    if (e === null || typeof e !== 'object' || e.code === undefined || e.code === 'ERR_ACCESS_DENIED') { throw e; }
    const f = fail(e.message, e);
    f.code = e.code;
    throw f;
  }
}

function integer(value, what) {
  if (typeof value !== 'number') { throw new TypeError('number required, found ' + (value === undefined ? 'none' : String(value)) + ' (' + what + ')'); }
  return Math.trunc(value) || 0;
}

// ---- variables -----------------------------------------------------------------------------------------------------

function Variable(place, size) {
  hide(this, PLACE, place);
  this._ObjectID = '_GenericMarshal.Variable';
  this._size = size;
}
// Most variables never have a listener: they become emitters when one is added.
for (const name of EVENTS) {
  hide(Variable.prototype, name, function (...args) { EventEmitter.call(this); return this[name](...args); });
}
function method(name, body) { hide(Variable.prototype, name, body); }
function value(name, get, set) { Object.defineProperty(Variable.prototype, name, { get, set, enumerable: false, configurable: true }); }

// What is called a value is the address: the word that a call returned.
value('Val', function () { return native.low(this[PLACE]); }, function (to) {
  if (typeof to === 'number') {
    const bytes = Buffer.alloc(4);
    if (this._size === 2) { bytes.writeUInt16LE(to & 0xffff); } else if (this._size === 4) { bytes.writeUInt32LE(to >>> 0); } else { throw fail('Unsupported VAL size, with integral type'); }
    said(() => native.store(this[PLACE], bytes.subarray(0, this._size)));
  } else if (to instanceof Variable) {
    said(() => native.store(this[PLACE], to.pointerBuffer()));
    hide(this, KEPT, to);
  } else { throw fail('Invalid Parameter'); }
});
value('_ptr', function () { return native.word(this[PLACE]); });
value('bignum', function () { return require('bignum')(native.word(this[PLACE]).toString()); });
value('String', function () { return said(() => native.cstring(this[PLACE])); });
function hex(variable) { return said(() => native.bytes(variable[PLACE], Math.min(variable._size, 254))); }
value('HexString', function () { return hex(this).toString('hex').toUpperCase(); });
value('HexString2', function () { return hex(this).toString('hex:'); });

// With two arguments a part of the memory, else what the pointer in it points to.
method('Deref', function Deref(offset, length) {
  if (arguments.length < 2) {
    return new Variable(said(() => native.load(this[PLACE])), arguments.length === 1 ? integer(offset, 'size') : 0);
  }
  return new Variable(native.shift(this[PLACE], integer(offset, 'offset')), Math.max(integer(length, 'length'), 0));
});
method('toBuffer', function toBuffer() { return said(() => native.bytes(this[PLACE], this._size)); });
method('pointerBuffer', function pointerBuffer() {
  const bytes = Buffer.alloc(WORD);
  if (WORD === 8) { bytes.writeBigUInt64LE(native.word(this[PLACE])); } else { bytes.writeUInt32LE(Number(native.word(this[PLACE]))); }
  return bytes;
});
method('getPointerPointer', function getPointerPointer() {
  const pointer = GM.CreatePointer();
  pointer.Val = this;
  return pointer;
});
// Moves the variable itself.
method('increment', function increment(offset, absolute) {
  const by = integer(offset, 'offset');
  hide(this, PLACE, absolute === true ? native.at(Math.max(by, 0)) : native.shift(this[PLACE], by));
  return this;
});
// Memory that C goes on using stays as long as the core; what C allocated itself is freed by C's own free().
const forGood = new Set();
method('autoFree', function autoFree(yes) {
  if (yes === false) {
    if (forGood.size >= MOST_KEPT) { throw fail('autoFree(): more than ' + MOST_KEPT + ' variables are kept for good'); }
    forGood.add(this[PLACE]);
  } else { forGood.delete(this[PLACE]); }
});

function block(size) { return new Variable(said(() => native.block(size)), size); }
function sized(size) {
  return function (from) {
    if (from === undefined) { return block(size); }
    // The address stands in a buffer.
    return new Variable(said(() => native.load(native.at(from))), size);
  };
}

// ---- methods -------------------------------------------------------------------------------------------------------

function words(args) {
  if (args.length > MOST_ARGUMENTS) { throw fail('Too many parameters'); }
  return args.map(function (one) {
    if (one instanceof Variable) { return one[PLACE]; }
    if (typeof one === 'number' || typeof one === 'bigint' || ArrayBuffer.isView(one)) { return one; }
    throw fail('Invalid Parameter');
  });
}

function onThread(target, args, done) {
  said(() => native.callAsync(target, words(args), function (place) {
    const result = new Variable(place, WORD);
    result._LastError = native.errno();
    done(result);
  }));
}

// Symbols that would take the agent away from its supervisor: see `guarded`.
function plain(target) {
  return function (...args) {
    const ready = words(args);
    const result = new Variable(said(() => native.call(target, ready)), WORD);
    result._LastError = native.errno();
    return result;
  };
}

// In an agent, not in a script of its own, a core that replaces the program closes every descriptor and then executes
// itself. The descriptors are the agent's: they end with the program. Executing itself is a restart by the supervisor.
const opened = new Set();
const OPENERS = ['open', 'open64', 'openat', 'creat', 'dup', 'dup2', 'dup3', 'socket', 'accept', 'accept4', 'epoll_create', 'epoll_create1',
  'eventfd', 'inotify_init', 'inotify_init1', 'memfd_create', 'shm_open', 'signalfd', 'timerfd_create'];
function guarded(name, call) {
  if (require('process').argv.length > 0) { return call; }
  if (OPENERS.includes(name)) {
    return function (...args) {
      const result = call(...args);
      if (result.Val > 2) { opened.add(result.Val); }
      return result;
    };
  }
  if (name === 'close') {
    return function (descriptor) {
      const number = descriptor instanceof Variable ? descriptor.Val : descriptor;
      if (opened.delete(number)) { return call(number); }
      const done = native.closeOnExec(number), result = new Variable(native.at(done), WORD);
      result._LastError = done < 0 ? 9 : 0;
      return result;
    };
  }
  if (name === 'execv') {
    return function (path) {
      if (!(path instanceof Variable)) { throw fail('Invalid Parameter'); }
      if (path.String !== process.execPath) { throw fail('execv(): an agent executes only itself, not ' + path.String); }
      process.exit(0);
    };
  }
  return call;
}

function Proxy(library, name) {
  this._ObjectID = '_GenericMarshal.NativeProxy [' + name + ']';
  hide(this, PLACE, library);
  EventEmitter.call(this);
}
hide(Proxy.prototype, 'CreateMethod', function CreateMethod(what, as) {
  const options = what !== null && typeof what === 'object' ? what : { method: what, newName: as };
  if (typeof options.method !== 'string') { throw new TypeError('string required, found ' + (options.method === undefined ? 'none' : String(options.method)) + ' (stack index 0)'); }
  let target;
  try {
    target = native.method(this[PLACE], options.method, Number(options.dereferencePointer) > 0);
  } catch (e) {
    if (e.code !== 'ERR_FFI_SYMBOL') { throw e; }
    throw fail('CreateMethod Error: Method Name [' + options.method + '] Not Found');
  }
  const call = guarded(options.method, plain(target));
  const dispatched = options.threadDispatch === true || Number(options.threadDispatch) > 0;
  const exposed = dispatched ? function (...args) {
    const event = { _ObjectID: 'GenericMarshal.Variable.DispatcherEvent' };
    EventEmitter.call(event, true).createEvent('done');
    onThread(target, args, function (result) { event.emit('done', result); });
    return event;
  } : call;
  // On a thread of its own, with a promise.
  exposed.async = function (...args) {
    const result = new promise(promise.defaultInit);
    onThread(target, args, function (variable) { result._res(variable); });
    return result;
  };
  exposed.async.wait = function (...args) { return promise.wait(exposed.async(...args)); };
  exposed._exposedName = options.newName || options.method;
  this[exposed._exposedName] = exposed;
});

// ---- the module ----------------------------------------------------------------------------------------------------

const GM = exports;
GM._ObjectID = '_GenericMarshal';
EventEmitter.call(GM);
Object.defineProperty(GM, 'PointerSize', { value: WORD, enumerable: true, configurable: true });
GM.CreateNativeProxy = function CreateNativeProxy(path) {
  const name = typeof path === 'string' ? path : null;
  return new Proxy(said(() => native.open(name)), name);
};
GM.CreateVariable = function CreateVariable(what, options) {
  if (typeof what === 'number') {
    if (!(what >= 0)) { throw fail('Invalid Size: ' + what + ' '); }
    return block(Math.trunc(what));
  }
  if (typeof what === 'string') {
    if (options && options.wide) { throw fail('Not supported on this platform'); }
    const bytes = Buffer.from(what + '\0'), made = block(bytes.length);
    bytes.copy(made.toBuffer());
    return made;
  }
  // The memory of the buffer itself.
  if (ArrayBuffer.isView(what)) { return new Variable(said(() => native.at(what)), what.byteLength); }
  throw fail('_GenericMarshal.CreateVariable(): Invalid Parameter');
};
GM.CreatePointer = sized(WORD);
GM.CreateInteger = sized(4);
GM.CreateShort = sized(2);

// A function that C can call with so many words: its listeners of `GlobalCallback` get variables, what the last one
// returns goes to C. Each stays known to C, so scripts reuse them.
GM.GetGenericGlobalCallback = function GetGenericGlobalCallback(count) {
  const number = integer(count, 'stack index 0');
  if (number < 0 || number > MOST_ARGUMENTS) { throw fail('Invalid Parameter'); }
  const word = 'usize';
  let handle;
  const enter = function (...args) {
    handle.emit('GlobalCallback', ...args.map((one) => new Variable(native.at(one), WORD)));
    const returned = handle.emit_returnValue('GlobalCallback');
    if (returned instanceof Variable) { return native.word(returned[PLACE]); }
    return typeof returned === 'number' ? BigInt.asUintN(WORD * 8, BigInt(Math.trunc(returned) || 0)) : 0;
  };
  const address = said(() => native.callback(word, Array.from({ length: number }, () => word), enter));
  handle = new Variable(native.at(address), WORD);
  EventEmitter.call(handle).createEvent('GlobalCallback');
  hide(handle, 'close', function close() { native.release(address, enter); });
  return handle;
};
for (const name of ['CreateNativeProxy', 'CreateVariable', 'CreatePointer', 'CreateInteger', 'CreateShort', 'GetGenericGlobalCallback']) {
  Object.defineProperty(GM[name], 'name', { value: name });
}
