//: real
//: prints hi 3
//: prints exit 1 null
//: prints childProcess.subProcess number
//: prints A=b
//: prints hello
//: prints true
var cp = require('child_process');
var c = cp.execFile('/bin/sh', ['sh']);
c.stdout.str = '';
c.stdout.on('data', function (d) { this.str += d.toString(); });
c.on('exit', function (code) { c.code = code; });
c.stdin.write('echo hi\nexit 3\n');
c.waitExit();
console.log(c.stdout.str.trim() + ' ' + c.code);
var d = cp.execFile('/no/such', ['such']);
d.on('exit', function (code, signal) { console.log('exit ' + code + ' ' + signal); });
d.waitExit();
console.log(c._ObjectID + ' ' + typeof c.pid);
function text(child, stream) { child[stream].str = ''; child[stream].on('data', function (x) { this.str += x.toString(); }); return child; }
var e = text(cp.execFile('/usr/bin/env', ['env'], { env: { A: 'b' } }), 'stdout');
e.waitExit();
console.log(e.stdout.str.trim());
var f = text(cp.execFile('/bin/cat', ['cat']), 'stdout');
f.stdin.end('hello');
f.waitExit();
console.log(f.stdout.str);
console.log(JSON.stringify(cp.SpawnTypes) == '{"DEFAULT":0,"USER":1,"WINLOGON":2,"TERM":3,"DETACHED":4}');
