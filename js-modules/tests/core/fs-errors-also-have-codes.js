//: prints ENOENT -2
//: prints asynchronous 2 ab [session]
var fs = require('fs');
try { fs.statSync('/nope'); } catch (e) { console.log(e.code + ' ' + e.errno); }
fs.writeFileSync('/tmp/meshlite-core-read', 'abcd');
var fd = fs.openSync('/tmp/meshlite-core-read', 'rb');
fs.read(fd, { buffer: Buffer.alloc(2), session: 'session' }, function (e, n, buffer) {
  console.log('asynchronous ' + n + ' ' + buffer.toString() + ' [' + this.session + ']');
  fs.closeSync(fd);
  fs.unlinkSync('/tmp/meshlite-core-read');
});
