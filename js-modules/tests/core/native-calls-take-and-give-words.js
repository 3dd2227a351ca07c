//: real
//: prints true 8 _GenericMarshal.Variable
//: prints 11
//: prints here 8
//: prints true
//: prints -1 9
//: prints -1294967296
//: prints true undefined
//: prints 7
//: prints CreateMethod Error: Method Name [no_such_method] Not Found
//: prints Invalid Parameter
//: prints Too many parameters
var GM = require('_GenericMarshal');
var libc = GM.CreateNativeProxy('libc.so.6');
['getpid', 'strlen', 'getenv', 'setenv', 'labs', 'fcntl'].forEach(function (name) { libc.CreateMethod(name); });
var pid = libc.getpid();
console.log((pid.Val === process.pid) + ' ' + pid._size + ' ' + pid._ObjectID);
console.log(libc.strlen(GM.CreateVariable('hello world')).Val);
libc.setenv(GM.CreateVariable('MARSHAL_TEST'), GM.CreateVariable('here'), 1);
var found = libc.getenv(GM.CreateVariable('MARSHAL_TEST'));
console.log(found.String + ' ' + found._size);
console.log(libc.getenv(GM.CreateVariable('MARSHAL_NONE')).Val === 0);
var refused = libc.fcntl(-1, 1, 0);
console.log(refused.Val + ' ' + refused._LastError);
console.log(libc.labs(3000000000).Val);
libc.CreateMethod({ method: 'getpid', newName: 'whoAmI' });
console.log((libc.whoAmI().Val === process.pid) + ' ' + typeof libc.CreateMethod('abs'));
libc.CreateMethod('abs', 'distance');
console.log(libc.distance(-7).Val);
function said(f) { try { f(); console.log('nothing'); } catch (e) { console.log(String(e)); } }
said(function () { libc.CreateMethod('no_such_method'); });
said(function () { libc.strlen('a text'); });
said(function () { libc.labs(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21); });
