'use strict';
// Battery and mains, from /sys/class/power_supply; events while somebody listens. Js-host specification 8.6.

const fs = require('node:fs');
const run = require('internal/run');
const { EventEmitter, fail } = require('events');

const FOLDER = '/sys/class/power_supply';
// The kernel tells of changes by netlink only; a look this often is enough for a battery, and only when there is one.
const LOOK_MS = 60000;

exports._ObjectID = 'power-monitor';
EventEmitter.call(exports, true).createEvent('changed', 'sx', 'batteryLevel', 'acdc', 'display');

function supplies(kind) {
  let names = [];
  try { names = fs.readdirSync(FOLDER); } catch (e) { /* none */ }
  return names.map((name) => FOLDER + '/' + name).filter((path) => run.read(path + '/type').trim() === kind);
}
exports._ACPath = supplies('Mains');
exports._BatteryPath = supplies('Battery');

function mains() {
  if (exports._ACPath.length === 0) { return 1; }
  return exports._ACPath.some((path) => run.read(path + '/online').trim() === '1') ? 1 : 0;
}
function level() {
  if (exports._BatteryPath.length === 0) { return -1; }
  const levels = exports._BatteryPath.map((path) => Number(run.read(path + '/capacity').trim()) || 0);
  return Math.round(levels.reduce((sum, one) => sum + one, 0) / levels.length);
}
exports._ACState = mains();
exports._BatteryLevel = level();

function look() {
  const ac = mains(), battery = level();
  if (ac !== exports._ACState) {
    exports._ACState = ac;
    exports.emit('acdc', ac === 1 ? 'AC' : 'BATTERY');
  }
  if (battery !== exports._BatteryLevel) {
    exports._BatteryLevel = battery;
    exports.emit('batteryLevel', battery);
  }
}

let timer;
exports.on('newListener2', function (name, listener) {
  if (name !== 'acdc' && name !== 'batteryLevel') { return; }
  // Whoever comes learns the present state.
  if (exports._BatteryPath.length > 0) {
    if (name === 'acdc') { listener.call(exports, exports._ACState === 1 ? 'AC' : 'BATTERY'); } else { listener.call(exports, exports._BatteryLevel); }
    if (timer === undefined) { timer = setInterval(look, LOOK_MS); }
  }
});
exports.on('removeListener', function () {
  if (timer !== undefined && exports.listenerCount('acdc') + exports.listenerCount('batteryLevel') === 0) {
    clearInterval(timer);
    timer = undefined;
  }
});

function display(state) {
  const uid = require('user-sessions').consoleUid(), at = require('monitor-info').getXInfo(uid);
  const env = { DISPLAY: at.display, XAUTHORITY: at.xauthority, PATH: '/usr/bin:/bin' };
  const code = run.status('xset', ['dpms', 'force', state], { uid, env });
  if (code !== 0) { throw fail('power-monitor: the display cannot be switched ' + state + ': ' + (code === null ? 'xset is not installed' : 'xset ended with ' + code)); }
}
exports.sleepDisplay = function sleepDisplay() { display('off'); };
exports.wakeDisplay = function wakeDisplay() { display('on'); };
