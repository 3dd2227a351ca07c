//: real
//: prints x0101
//: prints 1
//: prints false 0
//: prints nl:a:function nl2:a
//: prints rl:a:function function
//: prints 1 ab
//: prints false undefined
//: prints 0 1
var E = require('events');
function make() { var q = {}; E.EventEmitter.call(q, true).createEvent('a').createEvent('b'); return q; }
var q = make(), s = '';
q.on('a', function () { s += '1'; });
q.prependListener('a', function () { s += '0'; });
q.prependOnceListener('a', function () { s += 'x'; });
q.emit('a'); q.emit('a');
console.log(s);
q = make(); var n = 0;
q.once('a', function () { n++; });
q.emit('a'); q.emit('a');
console.log('' + n);
q = make(); n = 0;
function f() { n++; }
q.on('a', f); q.removeListener('a', f);
console.log(q.emit('a') + ' ' + n);
q = make(); s = [];
q.on('newListener', function (name, fn) { s.push('nl:' + name + ':' + typeof fn); });
q.on('newListener2', function (name) { s.push('nl2:' + name); });
q.on('a', function () { });
console.log(s.join(' '));
q = make(); s = [];
q.on('removeListener', function (name, fn) { s.push('rl:' + name + ':' + typeof fn); });
q.on('a', f); q.removeListener('a', f);
console.log(s.join() + ' ' + typeof q.removeListener);
q = make(); s = '';
q.on('a', function () { s += '1'; q.on('a', function () { s += '2'; }); });
q.emit('a');
var r = make(), t = '';
function b() { t += 'b'; }
r.on('a', function () { t += 'a'; r.removeListener('a', b); }); r.on('a', b);
r.emit('a');
console.log(s + ' ' + t);
q = make();
console.log(q.emit('a') + ' ' + q.emit_returnValue('a'));
q.on('a', f); q.on('b', f); q.removeAllListeners('a');
console.log(q.listenerCount('a') + ' ' + q.listenerCount('b'));
