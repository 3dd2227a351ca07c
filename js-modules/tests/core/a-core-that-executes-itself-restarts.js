//: prints true 0
//: prints true true
//: prints execv(): an agent executes only itself, not /bin/true
//: prints Exited(0)
// What the cores do to restart after an update: close everything, execute the new program. The descriptors of the agent
// stay open to the end; its supervisor starts the next program.
var GM = require('_GenericMarshal');
var libc = GM.CreateNativeProxy('libc.so.6');
['execv', 'close', 'open', 'fcntl'].forEach(function (name) { libc.CreateMethod(name); });
var mine = libc.open(GM.CreateVariable('/dev/null'), 0).Val;
console.log((mine > 2) + ' ' + libc.close(mine).Val);
var link = require('util-descriptors').getOpenDescriptors().pop();
console.log((libc.close(link).Val === 0 || link === mine) + ' ' + (libc.fcntl(link, 1, 0).Val !== -1 || libc.fcntl(link, 1, 0)._LastError === 9));
function said(f) { try { f(); console.log('nothing'); } catch (e) { console.log(String(e)); } }
said(function () { libc.execv(GM.CreateVariable('/bin/true'), 0); });
setTimeout(function () {
  libc.execv(GM.CreateVariable(process.execPath), 0);
  console.log('not reached');
}, 0);
