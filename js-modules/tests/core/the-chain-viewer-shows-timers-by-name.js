//: prints true true
//: prints true
var t = setTimeout(function () { }, 60000);
t.metadata = 'a name';
var text = require('ChainViewer').getTimerInfo();
console.log(/ Timer: \d+(\.\d+)? seconds  \(0x[0-9a-f]+\) \[setTimeout\(\), a name\]/.test(text) + ' ' + (text.split('\n').length == 2));
require('ChainViewer').getSnapshot().then(function (s) { console.log(s.indexOf('Link: ') > 0); clearTimeout(t); });
