//: real
//: prints true, object
//: prints size 33 99 50 120
//: prints TERM=xterm-256color
//: prints exit 3 null
// The first size comes from the environment, later ones from tcsetsize; output arrives on stdout only.
var cp = require('child_process');
var c = cp.execFile('/bin/sh', ['sh'], { type: cp.SpawnTypes.TERM, env: { LINES: '33', COLUMNS: '99', PS1: '' } });
console.log(typeof c.tcsetsize == 'function', typeof c.stderr);
c.stdout.str = '';
c.stdout.on('data', function (d) { this.str += d.toString(); });
c.on('exit', function (code, signal) { c.ended = 'exit ' + code + ' ' + signal; });
c.stdin.write('stty -echo; stty size; echo ready-$((1+1))\n');
function until(text) { for (var i = 0; i < 200 && c.stdout.str.indexOf(text) < 0; ++i) { c.waitExit(25); } }
until('ready-2');
c.tcsetsize(50, 120);
c.stdin.write('stty size; env | grep TERM; exit 3\n');
c.waitExit(5000);
var sizes = c.stdout.str.match(/\d+ \d+(?=\r)/g);
console.log('size ' + sizes[0] + ' ' + sizes[1]);
console.log(c.stdout.str.match(/TERM=[^\r]*/)[0]);
console.log(c.ended);
