//: prints alive true
//: prints kept true
//: prints gone
var kept = { big: new Array(1000) };
function weak(object) { return new WeakReference(object); }
var held = weak(kept), loose = weak({ big: new Array(1000) });
console.log('alive ' + held.isAlive());
// What a turn has made or looked at stays until the turn has ended.
setTimeout(function () { setTimeout(look, 5); }, 5);
function look() {
  _debugGC();
  console.log('kept ' + (held.object === kept));
  console.log(loose.isAlive() ? 'still there' : 'gone');
}
