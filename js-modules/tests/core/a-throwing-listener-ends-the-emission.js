//: real
//: prints EventEmitter.emit(): Event dispatch for 't' on 'unknown' threw an exception: Error: inner in method 'tt()'
//: prints EventEmitter.emit(): Event dispatch for 'u' on 'unknown' threw an exception: text in method '()'
//: prints first
//: prints false false
var p = {};
require('events').EventEmitter.call(p);
var ran = 'first';
p.on('t', function tt() { throw new Error('inner'); });
p.on('t', function () { ran = 'second'; });
try { p.emit('t'); } catch (e) { console.log('' + e); }
p.on('u', function () { throw 'text'; });
try { p.emit('u'); } catch (e) { console.log('' + e); }
console.log(ran);
console.log(p.emit('nobody') + ' ' + p.emit('error', new Error('x')));
