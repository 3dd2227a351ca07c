//: prints timer ran inside
var h = require('child_process').execFile('/bin/sleep', ['sleep', '0.3']), when = 'never';
setTimeout(function () { when = 'inside'; }, 50);
h.waitExit();
console.log('timer ran ' + when);
