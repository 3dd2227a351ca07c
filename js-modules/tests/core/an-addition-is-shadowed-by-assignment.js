//: prints 5 mine
//: prints keys
// The real agent loses the assignment; scripts that make it mean it.
var o = {};
o.keys = 5;
(function () { 'use strict'; o._hashCode = 'mine'; })();
console.log(o.keys + ' ' + o._hashCode);
var seen = [];
for (var k in { keys: 1 }) { seen.push(k); }
console.log(seen.join());
