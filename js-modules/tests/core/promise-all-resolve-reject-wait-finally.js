//: real
//: prints all 1 true 2 true
//: prints all rej nope
//: prints empty 0
//: prints resolved 5 6
//: prints rejected 5
//: prints executor ex
//: prints finally 0
//: prints waited 3
var P = require('promise');
function make() { return new P(function (res, rej) { this._res = res; this._rej = rej; }); }
var a = make(), b = make(), all = P.all([a, b]);
all.then(function (l) { console.log('all ' + arguments.length + ' ' + (l instanceof Array) + ' ' + l.length + ' ' + (l[0] === a)); });
a._res(1); b._res(2);
var c = make(), d = make(), all2 = P.all([c, d]);
all2.then(function () { }, function (e) { console.log('all rej ' + e); });
c._res(1); d._rej('nope');
P.all([]).then(function (l) { console.log('empty ' + l.length); });
P.resolve(5, 6).then(function (v, w) { console.log('resolved ' + v + ' ' + w); });
P.reject(5).then(null, function (v) { console.log('rejected ' + v); });
new P(function () { throw 'ex'; }).then(null, function (e) { console.log('executor ' + e); });
var f = make();
f.finally(function () { console.log('finally ' + arguments.length); });
f._res(8);
var w = make(), keep = setTimeout(function () { w._res(3); }, 20);
console.log('waited ' + P.wait(w));
