//: prints true true true true
//: prints true true
//: prints nothing-of-that-name not found
// The real agent prints the same, but only on a machine where no process has a tab, a quote or a backslash
// in its arguments: it reads its list as JSON that a shell line made. So it is not asked in each run.
var p = require('process-manager');
p.getProcesses(function (all) {
  var own = all[process.pid];
  console.log([own.pid === String(process.pid), own.user == require('user-sessions').whoami(), own.cmd.length > 0, Object.keys(all).length > 1].join(' '));
});
p.enumerateProcesses().then(function (all) {
  console.log((all[process.pid].pid == process.pid) + ' ' + (p.getProcessInfo(process.pid).Pid == String(process.pid)));
});
try { p.getProcess('nothing-of-that-name'); } catch (e) { console.log('' + e); }
