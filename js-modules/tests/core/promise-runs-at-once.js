//: real
//: prints then 1 2 true s1
//: prints q 7 true true true
//: prints after _res
//: prints late 1
//: prints rej bad
//: prints after rej bad
//: prints between
//: prints inner 2 3
//: prints inner rej 4
//: prints passed 1
//: prints caught deep
var P = require('promise');
function make() { return new P(function (res, rej) { this._res = res; this._rej = rej; }); }
var p = make();
var q = p.then(function (a, b) { console.log('then ' + a + ' ' + b + ' ' + (this === p) + ' ' + this.sessionid); return 7; });
q.then(function (v) { console.log('q ' + v + ' ' + (this === q) + ' ' + (q.parentPromise === p) + ' ' + (p.__childPromise === q)); });
p.sessionid = 's1';
p._res(1, 2);
console.log('after _res');
p.then(function (v) { console.log('late ' + v); });
p._res(5);
var r = make();
r.then(function () { console.log('no'); }, function (e) { console.log('rej ' + e); return 3; })
  .then(function (v) { console.log('no ' + v); }, function (e) { console.log('after rej ' + e); });
r._rej('bad');
var x = make(), y = make();
x.then(function () { return y; }).then(function (v, w) { console.log('inner ' + v + ' ' + w); });
x._res(1);
console.log('between');
y._res(2, 3);
x = make(); y = make();
x.then(function () { return y; }).then(function () { }, function (e) { console.log('inner rej ' + e); });
x._res(1); y._rej(4);
x = make();
x.then(null, function () { }).then(function (v) { console.log('passed ' + v); });
x._res(1);
x = make();
x.then(function () { }).then(function () { }).catch(function (e) { console.log('caught ' + e); });
x._rej('deep');
