//: prints 3000000 true
//: prints 0 done
var c = require('child_process').execFile('/bin/cat', ['cat']);
var got = 0;
c.stdout.on('data', function (d) { got += d.length; });
c.stdin.write(Buffer.alloc(3000000, 'x'));
c.stdin.end();
c.waitExit();
console.log(got + ' ' + (got == 3000000));
// Nobody listens: it must end all the same.
var d = require('child_process').execFile('/bin/sh', ['sh', '-c', 'head -c 3000000 /dev/zero']), code;
d.on('exit', function (x) { code = x; });
d.waitExit(10000);
console.log(code + ' done');
