//: real
//: prints fs.statSync(): Path Error [/nope]
//: prints fs.readFileSync(): File [/nope] not found
//: prints fs.openSync(): Error opening '/nope'
//: prints fs.unlinkSync(): Error trying to unlink: /nope
//: prints fs.renameSync(): Error renaming /nope to /nope2
//: prints fs.mkdirSync(): Unable to create dir: /nope/a/b
//: prints fs.rmdirSync(): Unable to remove dir: /nope/a/b
//: prints fs.openSync(): Error opening '/nope/a/b'
//: prints 0
//: prints true true false
//: prints ctime,mtime,atime,uid,gid 20 true
//: prints abc 3 b
var fs = require('fs');
function tell(f) { try { console.log(f()); } catch (e) { console.log('' + e); } }
tell(function () { return fs.statSync('/nope'); });
tell(function () { return fs.readFileSync('/nope'); });
tell(function () { return fs.openSync('/nope', 'rb'); });
tell(function () { return fs.unlinkSync('/nope'); });
tell(function () { return fs.renameSync('/nope', '/nope2'); });
tell(function () { return fs.mkdirSync('/nope/a/b'); });
tell(function () { return fs.rmdirSync('/nope/a/b'); });
tell(function () { return fs.writeFileSync('/nope/a/b', 'x'); });
console.log('' + fs.readdirSync('/nope').length);
var s = fs.statSync('/etc/passwd');
console.log(s.isFile() + ' ' + Buffer.isBuffer(fs.readFileSync('/etc/passwd')) + ' ' + s.isDirectory());
var names = [];
for (var k in s) { if (k != 'size' && typeof s[k] != 'function') { names.push(k); } }
console.log(names.join() + ' ' + s.mtime.length + ' ' + ((s.mode & 61440) == 32768));
var f = fs.openSync('/tmp/meshlite-core-fs', 'wb');
fs.writeSync(f, Buffer.from('xabc'), 1, 3);
fs.closeSync(f);
f = fs.openSync('/tmp/meshlite-core-fs', 'rb');
var b = Buffer.alloc(3), n = fs.readSync(f, b);
var one = Buffer.alloc(1);
fs.readSync(f, one, 0, 1, 1);
fs.closeSync(f);
fs.unlinkSync('/tmp/meshlite-core-fs');
console.log(b.toString() + ' ' + n + ' ' + one.toString());
