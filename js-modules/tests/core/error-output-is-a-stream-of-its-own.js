//: prints e|
var g = require('child_process').execFile('/bin/sh', ['sh']);
g.stderr.str = g.stdout.str = '';
g.stderr.on('data', function (x) { this.str += x.toString(); });
g.stdout.on('data', function (x) { this.str += x.toString(); });
g.stdin.write('echo e 1>&2\nexit\n');
g.waitExit();
console.log(g.stderr.str.trim() + '|' + g.stdout.str);
