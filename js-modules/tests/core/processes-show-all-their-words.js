//: prints fs.readFileSync(): File [/proc/99999999/status] not found
//: prints sleep 30
//: prints one two,undefined
// The kernel puts a NUL between two words, where the texts of the dialect's buffers end. The real agent loses the blanks.
var child = require('child_process').execFile('/bin/sh', ['sh', '-c', 'echo up; exec sleep 30'], { env: { FIRST: 'x', MARK: 'one two', PATH: '/usr/bin:/bin' } });
child.stdout.on('data', function () {
  var looks = setInterval(function () {
    var all;
    require('process-manager').getProcesses(function (list) { all = list; });
    // The shell becomes the sleeper a moment after it has spoken.
    if (all[child.pid].cmd != 'sleep 30') { return; }
    clearInterval(looks);
    console.log(all[child.pid].cmd);
    var env = require('user-sessions').getEnvFromPid(child.pid);
    console.log(env.MARK + ',' + env.NONE);
    child.kill();
  }, 20);
});
try { require('process-manager').getProcessInfo(99999999); } catch (e) { console.log('' + e); }
