//: prints ERR_OUT_OF_RANGE
//: prints ERR_OUT_OF_RANGE
//: prints ERR_OUT_OF_RANGE
//: prints ERR_FFI_ADDRESS
//: prints ERR_FFI_ADDRESS
//: prints ERR_FFI_ADDRESS
//: prints null
//: prints over
// Where the real agent reads or ends, we say no: of a variable the bytes that it has, of C what is mapped.
var GM = require('_GenericMarshal');
function code(f) { try { f(); console.log('nothing'); } catch (e) { console.log(e.code || String(e)); } }
var eight = GM.CreateVariable(8);
code(function () { eight.Deref(4, 8).toBuffer(); });
code(function () { eight.Deref(-1, 1).toBuffer(); });
code(function () { GM.CreateVariable('x').increment(64).String; });
var nowhere = GM.CreatePointer();
nowhere.toBuffer()[0] = 16;
code(function () { nowhere.Deref(4).toBuffer(); });
code(function () { nowhere.Deref().String; });
code(function () { nowhere.Deref(4).Val = 1; });
var libc = GM.CreateNativeProxy('libc.so.6');
console.log(GM.CreatePointer().Deref().String);
// What script writes into memory of C arrives before C looks.
libc.CreateMethod('strdup'); libc.CreateMethod('free');
var copy = libc.strdup(GM.CreateVariable('aver'));
copy.Deref(0, 4).toBuffer().write('ov', 0, 'latin1');
console.log(copy.String);
libc.free(copy);
