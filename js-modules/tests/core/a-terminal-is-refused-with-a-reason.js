//: prints true
//: prints undefined ran
var cp = require('child_process');
try { cp.execFile('/bin/sh', ['sh'], { type: cp.SpawnTypes.TERM }); } catch (e) { console.log(('' + e).indexOf('pseudo-terminal') > 0); }
var c = cp.execFile('/bin/sleep', ['sleep', '5']);
console.log(c.waitExit(50) + ' ran');
c.kill();
