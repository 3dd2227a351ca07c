//: prints piped a
//: prints piped b
//: prints heard b
//: prints heard c
// MeshCentral's core pipes a session's input to the desktop and then replaces the listeners of that session.
var stream = require('stream');
var target = new stream.Writable({ write: function (chunk, flush) { console.log('piped ' + chunk); flush(); return true; } });
var source = new stream.Readable({ read: function () { } });
source.pipe(target, { end: false });
source.removeAllListeners('data');
source.push('a');
source.on('data', function (chunk) { console.log('heard ' + chunk); });
setImmediate(function () {
  source.push('b');
  source.unpipe(target);
  source.on('data', function () { });
  source.push('c');
});
