//: real
//: prints true 0 root 0 /root /root root
//: prints uid: 99999 NOT FOUND
//: prints username: nobody-here NOT FOUND
//: prints true,true
var u = require('user-sessions');
console.log((u.getUidConfig().MIN == u.minUid()) + ' ' + u.getUid('root') + ' ' + u.getUsername(0) + ' ' + u._users().root + ' ' +
  u.getHomeFolder('root') + ' ' + u.getHomeFolder(0) + ' ' + u._uids()[0]);
try { u.getUsername(99999); } catch (e) { console.log('' + e); }
try { u.getUid('nobody-here'); } catch (e) { console.log('' + e); }
console.log([u.isRoot() == (u.Self() == 0), u.whoami() == u.getUsername(u.Self())].join());
