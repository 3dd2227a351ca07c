//: real
//: prints 8 _GenericMarshal.Variable
//: prints 010000000200000003000000 true
var GM = require('_GenericMarshal');
var libc = GM.CreateNativeProxy('libc.so.6');
libc.CreateMethod('qsort'); libc.CreateMethod('memcmp');
var compare = GM.GetGenericGlobalCallback(2), calls = 0;
console.log(compare._size + ' ' + compare._ObjectID);
compare.on('GlobalCallback', function (a, b) { calls++; return libc.memcmp(a, b, 4); });
var numbers = GM.CreateVariable(12);
[3, 1, 2].forEach(function (n, at) { numbers.toBuffer().writeInt32LE(n, at * 4); });
libc.qsort(numbers, 3, 4, compare);
console.log(numbers.HexString + ' ' + (calls >= 2));
