//: prints undefined ran
var cp = require('child_process');
var c = cp.execFile('/bin/sleep', ['sleep', '5']);
console.log(c.waitExit(50) + ' ran');
c.kill();
