//: prints false false
//: prints drain abc
//: prints finish
var stream = require('stream'), text = '', flushes = [];
var w = new stream.Writable({
  write: function (chunk, flush) { text += chunk; flushes.push(flush); return false; },
  final: function (flush) { flush(); },
});
console.log(w.write('a') + ' ' + w.write('bc'));
w.drain = function () { console.log('drain ' + text); w.end(); };
w.on('finish', function () { console.log('finish'); });
setTimeout(function () { flushes.shift()(); setTimeout(function () { flushes.shift()(); }, 5); }, 5);
