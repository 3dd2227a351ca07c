//: real
//: prints 6 68656C6C6F00 68:65:6C:6C:6F:00 hello
//: prints 1 1980 5
//: prints 07000000 7
//: prints 02010000 0201
//: prints world 5 true
//: prints true 6 world 12
//: prints 8 0 0
//: prints hello true
//: prints copied
//: prints 3 616263
//: prints 4 2 8
//: prints 508
//: prints Unsupported VAL size, with integral type
//: prints Invalid Parameter
//: prints _GenericMarshal.CreateVariable(): Invalid Parameter
//: prints Invalid Size: -1 
var GM = require('_GenericMarshal');
var libc = GM.CreateNativeProxy('libc.so.6');
libc.CreateMethod('gmtime_r'); libc.CreateMethod('memset'); libc.CreateMethod('strcpy');
var hello = GM.CreateVariable('hello');
console.log([hello._size, hello.HexString, hello.HexString2, hello.String].join(' '));
// struct tm: seconds, minutes, hours, day, month, year, day of the week
var time = GM.CreateVariable(8), tm = GM.CreateVariable(64);
time.toBuffer().writeUInt32LE(315532800 + 5, 0);
libc.gmtime_r(time, tm);
function field(n) { return tm.Deref(4 * n, 4).toBuffer().readInt32LE(0); }
console.log([field(3), 1900 + field(5), field(0)].join(' '));
// What C writes is seen by a buffer that was made before.
var four = GM.CreateVariable(4), bytes = four.toBuffer();
libc.memset(four, 7, 1);
console.log(four.HexString + ' ' + bytes[0]);
var two = GM.CreateShort();
four.Val = 258; two.Val = 258;
console.log(four.HexString + ' ' + two.HexString);
var text = GM.CreateVariable('hello world'), part = text.Deref(6, 5);
console.log(part.String + ' ' + part._size + ' ' + (part.Val === text.Val + 6));
var before = text.Val, moved = text.increment(6);
console.log((moved === text) + ' ' + (text.Val - before) + ' ' + text.String + ' ' + text._size);
var pointer = GM.CreatePointer();
console.log(pointer._size + ' ' + pointer.Deref()._size + ' ' + pointer.Deref().Val);
hello.pointerBuffer().copy(pointer.toBuffer());
console.log(pointer.Deref().String + ' ' + (pointer.Deref().Val === hello.Val));
var place = GM.CreateVariable(16);
libc.strcpy(place, GM.CreateVariable('copied'));
console.log(place.toBuffer().toString());
var view = GM.CreateVariable(Buffer.from('616263', 'hex'));
console.log(view._size + ' ' + view.HexString);
console.log([GM.CreateInteger()._size, GM.CreateShort()._size, GM.PointerSize].join(' '));
console.log(GM.CreateVariable(300).HexString.length);
function said(f) { try { f(); console.log('nothing'); } catch (e) { console.log(String(e)); } }
said(function () { GM.CreateVariable(3).Val = 1; });
said(function () { four.Val = 'x'; });
said(function () { GM.CreateVariable(); });
said(function () { GM.CreateVariable(-1); });
