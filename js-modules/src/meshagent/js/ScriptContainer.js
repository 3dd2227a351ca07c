'use strict';
// Scripts in a process of their own, with an engine of their own. Js-host specification 8.4.
//
// The parent makes them with Create; the child's script talks back with `send` and hears `data`.

const { EventEmitter, fail, hide } = require('events');
const process = require('node:process');

// What the parent may have in flight towards a child that does not read.
const BACKLOG = 16 << 20;

function frame(object) {
  const body = Buffer.from(JSON.stringify(object)), head = Buffer.alloc(4);
  if (body.length > native.maxFrame) { throw fail('ScriptContainer: a message of ' + body.length + ' bytes is larger than ' + native.maxFrame); }
  head.writeUInt32LE(body.length, 0);
  return Buffer.concat([head, body]);
}

// Cuts what arrives into frames; `bad` is told of one that is too long or no JSON.
function reader(take, bad) {
  let parts = [], length = 0;
  return function (chunk) {
    parts.push(chunk);
    length += chunk.length;
    let all;
    while (length >= 4) {
      all = parts.length === 1 ? parts[0] : Buffer.concat(parts);
      parts = [all];
      const wanted = all.readUInt32LE(0);
      if (wanted > native.maxFrame) { return bad('a frame of ' + wanted + ' bytes'); }
      if (length < 4 + wanted) { return undefined; }
      let message;
      try { message = JSON.parse(utf8(all.subarray(4, 4 + wanted))); } catch (e) { return bad('a frame that is no JSON'); }
      parts = [all.subarray(4 + wanted)];
      length -= 4 + wanted;
      take(message);
    }
    return undefined;
  };
}
// The dialect's toString would stop at a NUL.
function utf8(bytes) { return new TextDecoder().decode(bytes); }

function Create(options) {
  native.mayStart();
  const { spawn } = require('node:child_process');
  const given = options !== null && typeof options === 'object' ? options : {};
  const container = { _ObjectID: 'ScriptContainer' };
  const control = EventEmitter.call(container, true).createEvent('data', 'ready', 'exit', 'error');
  const spawning = { stdio: ['pipe', 'pipe', 'inherit'] };
  if (given.sessionId !== undefined && given.sessionId !== null) {
    const passwd = require('node:os').userInfo && require('internal/accounts').userOf(given.sessionId);
    if (passwd === undefined) { throw fail('ScriptContainer.Create(): there is no user ' + given.sessionId); }
    Object.assign(spawning, { uid: passwd.uid, gid: passwd.gid });
  }
  const child = spawn(process.execPath, [native.switch], spawning);
  let ended = false, exitCode = null, lines = 1;
  const post = function (message) {
    if (ended) { return; }
    const bytes = frame(message);
    if (child.stdin.writableLength + bytes.length > BACKLOG) { throw fail('ScriptContainer: the container does not read what it is sent'); }
    child.stdin.write(bytes);
  };
  const end = function (code) {
    if (ended) { return; }
    ended = true;
    container.emit('exit', code);
  };
  const took = function (message) {
    switch (message.op) {
      case 'ready': container.emit('ready'); break;
      case 'data': container.emit('data', message.value); break;
      case 'exit': exitCode = message.code; break;
      case 'done': if (message.error !== undefined && container.listenerCount('error') > 0) { container.emit('error', message.error); } break;
      default: break;
    }
  };
  child.stdout.on('data', reader(took, function (what) {
    if (container.listenerCount('error') > 0) { container.emit('error', 'ScriptContainer: the container sent ' + what); }
    child.kill('SIGKILL');
  }));
  child.on('error', function (e) {
    if (container.listenerCount('error') > 0) { container.emit('error', 'ScriptContainer: ' + e.message); }
    end(1);
  });
  child.stdin.on('error', function () { /* It ended: exit tells. */ });
  child.on('close', function (code) { end(exitCode !== null ? exitCode : code === null ? 1 : code); });
  // As with sockets, a container that nobody holds goes on until it exits; a script's end takes it along.
  Object.assign(container, {
    pid: child.pid,
    ExecuteString: function ExecuteString(text, callback) {
      post({ op: 'run', text: String(text), name: 'container-' + lines++ });
      if (typeof callback === 'function') { container.once('exit', callback); }
    },
    ExecuteScript: function ExecuteScript(text) { container.ExecuteString(text); },
    send: function send(value) { post({ op: 'data', value }); },
    addModule: function addModule(name, source) { post({ op: 'addModule', name: String(name), source: String(source) }); },
  });
  // An event and a method at once.
  control.addMethod('exit', function exit(code) {
    if (ended) { return; }
    post({ op: 'exit', code: code === undefined ? 0 : Number(code) });
    // One that is busy for ever does not read it.
    const last = setTimeout(function () { child.kill('SIGKILL'); }, 5000);
    child.once('close', function () { clearTimeout(last); });
  });
  return container;
}

if (native.isContainer) {
  // The child's side: an emitter with `send`.
  EventEmitter.call(exports).createEvent('data');
  exports.send = function send(value) { native.reply(frame({ op: 'data', value })); };
}
exports._ObjectID = 'ScriptContainer';
exports.Create = Create;
hide(exports, '_frame', frame);
hide(exports, '_reader', reader);
