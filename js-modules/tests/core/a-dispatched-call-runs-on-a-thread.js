//: real
//: prints GenericMarshal.Variable.DispatcherEvent done
//: prints meanwhile
//: prints done 0 8 true true
//: prints promised 65
var GM = require('_GenericMarshal');
var libc = GM.CreateNativeProxy('libc.so.6');
libc.CreateMethod({ method: 'usleep', threadDispatch: true });
libc.CreateMethod('toupper');
var began = Date.now();
var call = libc.usleep(300000);
console.log(call._ObjectID + ' ' + Object.getOwnPropertyNames(call).filter(function (name) { return name === 'done'; }).join());
setImmediate(function () { console.log('meanwhile'); });
call.on('done', function (result) {
  console.log(['done', result.Val, result._size, this === call, Date.now() - began >= 290].join(' '));
  libc.toupper.async(97).then(function (answer) { console.log('promised ' + answer.Val); });
});
