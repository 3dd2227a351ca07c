'use strict';
// What the firmware says of the machine: `/sys/class/dmi/id` on PCs, the device tree on boards.

const fs = require('node:fs');
const run = require('internal/run');
const { fail } = require('events');

const DMI = '/sys/class/dmi/id', TREE = '/proc/device-tree';
const PLACEHOLDERS = ['none', 'not specified', 'default string', 'to be filled by o.e.m.', 'system serial number', '0'];

function dmi(name) {
  const text = run.read(DMI + '/' + name).trim();
  return PLACEHOLDERS.includes(text.toLowerCase()) ? '' : text;
}
function tree(name) { return run.read(TREE + '/' + name).replace(/\0/g, ' ').trim(); }

function firmware() {
  const linux = {};
  for (const name of fs.readdirSync(DMI)) {
    if (name === 'modalias' || name === 'uevent') { continue; }
    const path = DMI + '/' + name;
    try { if (!fs.statSync(path).isFile()) { continue; } } catch (e) { continue; }
    const text = dmi(name);
    if (text !== '') { linux[name] = text; }
  }
  const ids = {
    bios_date: linux.bios_date, bios_vendor: linux.bios_vendor, bios_version: linux.bios_version, bios_serial: linux.product_serial,
    board_name: linux.board_name, board_serial: linux.board_serial, board_vendor: linux.board_vendor, board_version: linux.board_version,
    product_uuid: linux.product_uuid, product_name: linux.product_name,
    bios_mode: fs.existsSync('/sys/firmware/efi') ? 'UEFI' : 'Legacy',
  };
  return { identifiers: ids, linux };
}
function board() {
  const ids = { board_name: tree('model'), board_serial: tree('serial-number'), product_name: tree('model'), board_version: tree('compatible') };
  return { identifiers: ids, linux: { model: tree('model'), compatible: tree('compatible'), serial: tree('serial-number') } };
}

function processor() {
  const text = run.read('/proc/cpuinfo');
  const found = /^(?:model name|Model|Hardware|cpu model)\s*:\s*(.*)$/m.exec(text);
  return found === null ? '' : found[1].trim();
}
function disks() {
  const list = [];
  let names = [];
  try { names = fs.readdirSync('/sys/block'); } catch (e) { /* none */ }
  for (const name of names) {
    if (!fs.existsSync('/sys/block/' + name + '/device')) { continue; }
    const bytes = Number(run.read('/sys/block/' + name + '/size').trim()) * 512;
    const model = run.read('/sys/block/' + name + '/device/model').trim() || run.read('/sys/block/' + name + '/device/name').trim();
    list.push({ Caption: name, Model: model || name, Size: String(bytes) });
  }
  return list;
}

exports._ObjectID = 'identifiers';
exports.get = function get() {
  if (!fs.existsSync(DMI) && !fs.existsSync(TREE + '/model')) { throw fail('this platform does not have DMI statistics'); }
  const values = fs.existsSync(DMI) ? firmware() : board();
  values.identifiers.cpu_name = processor();
  const storage = disks();
  if (storage.length > 0) { values.identifiers.storage_devices = storage; }
  for (const name of Object.keys(values.identifiers)) {
    const value = values.identifiers[name];
    if (value === undefined || value === '') { delete values.identifiers[name]; }
  }
  return values;
};
exports.isDocker = function isDocker() {
  return fs.existsSync('/.dockerenv') || /docker|containerd|kubepods/.test(run.read('/proc/1/cgroup'));
};
exports.isBatteryPowered = function isBatteryPowered() { return require('power-monitor')._BatteryPath.length > 0; };
exports.isVM = function isVM() {
  if (/^flags\s*:.*\bhypervisor\b/m.test(run.read('/proc/cpuinfo'))) { return true; }
  const told = (dmi('sys_vendor') + ' ' + dmi('product_name')).toLowerCase();
  return ['qemu', 'vmware', 'virtualbox', 'xen', 'kvm', 'virtual machine', 'bochs', 'parallels'].some((one) => told.includes(one));
};
