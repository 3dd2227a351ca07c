//: real
//: prints missing: none
var used = {
  'agent-installer': 'fullInstall fullInstallEx fullUninstall update updaterVersion',
  'child-container': 'create connect',
  'clipboard': 'read dispatchRead dispatchWrite xclip nativeAddModule',
  'code-utils': 'expand shrink',
  'events': 'EventEmitter inherits moderated getProperty setProperty',
  'file-search': 'find',
  'fs': 'watch statSync readdirSync openSync readSync writeSync createReadStream createWriteStream copyFile',
  'heci': 'create IOCTL GUIDS supported',
  'identifiers': 'get isVM isDocker isBatteryPowered',
  'kvm-helper': 'users',
  'lib-finder': 'findBinary hasBinary',
  'linux-acpi': 'supported on',
  'linux-dbus': 'hasService getServices',
  'linux-gnome-helpers': 'available getDesktopWallpaper setDesktopWallpaper getProxySettings mounts',
  'message-box': 'create zenity kdialog xmessage notifysend',
  'monitor-info': 'kvm_x11_support getLibInfo getInfo getXInfo Location_X11LIB Location_X11TST Location_X11EXT Location_X11FIXES MOTIF_FLAGS',
  'power-monitor': 'sleepDisplay wakeDisplay on emit _BatteryLevel _ACState',
  'process-manager': 'getProcesses getProcessInfo getProcess enumerateProcesses',
  'proxy-helper': 'getProxy ignoreProxy autoHelper',
  'service-manager': 'manager',
  'task-scheduler': 'create delete',
  'toaster': 'Toast',
  'user-sessions': 'isRoot Self whoami minUid getUidConfig consoleUid loginUids enumerateUsers Current getUid getUsername getHomeFolder ' +
    'findEnv getEnvFromPid hasLoginCtl getGroupname on emit',
  'util-agentlog': 'read',
  'util-language': 'current',
};
var missing = [];
Object.getOwnPropertyNames(used).forEach(function (name) {
  var found = require(name);
  used[name].split(' ').forEach(function (member) { if (!(member in found)) { missing.push(name + '.' + member); } });
});
var manager = require('service-manager').manager;
['isAdmin', 'getServiceType', 'getService', 'installService', 'uninstallService', 'enumerateService', 'daemon', 'escape'].forEach(function (member) {
  if (typeof manager[member] != 'function') { missing.push('manager.' + member); }
});
['default_route', 'linux-pathfix', '_agentNodeId', 'util-service-check', 'uuid/v4', 'service-host', 'notifybar-desktop'].forEach(function (name) {
  if (typeof require(name) != 'function') { missing.push(name + ' as a function'); }
});
if (typeof require('os')._longbit != 'number') { missing.push('os._longbit'); }
console.log('missing: ' + (missing.length == 0 ? 'none' : missing.join(' ')));
