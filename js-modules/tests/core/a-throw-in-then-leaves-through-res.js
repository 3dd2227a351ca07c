//: prints true Error: boom
var P = require('promise');
var s = new P(function (res) { this._res = res; });
s.then(function () { throw new Error('boom'); });
try { s._res(1); } catch (e) { console.log((('' + e).indexOf('boom') >= 0) + ' ' + e); }
