//: prints ILibWebRTC.createConnection(): this agent has no WebRTC yet; use the relay of the server
//: prints true
try { require('ILibWebRTC').createConnection(); } catch (e) { console.log('' + e); }
console.log(require('linux-acpi').supported === require('fs').existsSync('/var/run/acpid.socket'));
