//: real
//: prints true false 5 5
//: prints fired 1 2 true
//: prints setter 1
//: prints true 5 9
//: prints Cannot register for non-existing event: bar
//: prints EventEmitter.emit(): Event 'bar' not found on object 'unknown'
//: prints foo 2 0
//: prints hi atrue
//: prints {"x":1}
var E = require('events'), o = {};
var control = E.EventEmitter.call(o, true);
control.createEvent('foo').createEvent('baz');
var returned = o.on('foo', function (a, b) { console.log('fired ' + a + ' ' + b + ' ' + (this === o)); return 5; });
o.foo = function (a) { console.log('setter ' + a); };
var lines = [];
var log = console.log;
console.log = function (x) { lines.push(x); };
var emitted = o.emit('foo', 1, 2);
console.log = log;
console.log((returned === o) + ' ' + (control === o) + ' ' + o.emit_returnValue('foo') + ' ' + o.emit_returnValue());
for (var i = 0; i < lines.length; i++) { console.log(lines[i]); }
var before = o.emit_returnValue('foo');
o.emit_returnValue('foo', 9);
console.log(emitted + ' ' + before + ' ' + o.emit_returnValue('foo'));
try { o.on('bar', function () { }); } catch (e) { console.log('' + e); }
try { o.emit('bar'); } catch (e) { console.log('' + e); }
console.log(o.eventNames().join() + ' ' + o.listenerCount('foo') + ' ' + o.listenerCount('bar'));
var q = {};
E.EventEmitter.call(q, true).addMethod('hello', function (x) { return 'hi ' + x + (this === q); });
console.log(q.hello('a'));
var j = { x: 1 };
E.EventEmitter.call(j, true).createEvent('a');
console.log(JSON.stringify(j));
