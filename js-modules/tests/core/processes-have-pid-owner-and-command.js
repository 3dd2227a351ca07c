//: real
//: prints true true true true
//: prints true true
//: prints nothing-of-that-name not found
var p = require('process-manager');
p.getProcesses(function (all) {
  var own = all[process.pid];
  console.log([own.pid === String(process.pid), own.user == require('user-sessions').whoami(), own.cmd.length > 0, Object.keys(all).length > 1].join(' '));
});
p.enumerateProcesses().then(function (all) {
  console.log((all[process.pid].pid == process.pid) + ' ' + (p.getProcessInfo(process.pid).Pid == String(process.pid)));
});
try { p.getProcess('nothing-of-that-name'); } catch (e) { console.log('' + e); }
