//: prints MeshDaemon (no-such-service) NOT FOUND
//: prints MeshDaemon (../../etc/passwd) NOT FOUND
//: prints a-b\x2dc a/b-c
//: prints null
//: prints true
var m = require('service-manager').manager;
try { m.getService('no-such-service'); } catch (e) { console.log('' + e); }
try { m.getService('../../etc/passwd'); } catch (e) { console.log('' + e); }
console.log(m.escape('a/b-c') + ' ' + m.unescape('a-b\\x2dc'));
console.log('' + require('util-service-check')('no-such-service'));
console.log(['systemd', 'openrc', 'procd', 'init', 'upstart', 'unknown'].indexOf(m.getServiceType()) >= 0);
