//: prints message-box rejected
//: prints toaster rejected
//: prints nobody is logged into console
//: prints 0
// Nobody has this id, so it has no desktop on any machine.
function rejected(name) { return function () { console.log(name + ' rejected'); }; }
require('message-box').create('title', 'text', 1, 1, 4242424).then(null, rejected('message-box'));
require('toaster').Toast('title', 'text', 4242424).then(null, rejected('toaster'));
var s = require('user-sessions'), was = s.consoleUid;
s.consoleUid = function () { throw ('nobody is logged into console'); };
try { require('clipboard').read(); } catch (e) { console.log('' + e); }
s.consoleUid = was;
console.log(require('kvm-helper').allowed.length);
