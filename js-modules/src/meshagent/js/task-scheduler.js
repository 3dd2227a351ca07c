'use strict';
// Recurring runs of programs, as files of cron: `create({name, service?, target?, daily?, weekly?, monthly?, minutes?, hours?, time})`.

const fs = require('node:fs');
const promise = require('promise');
const process = require('node:process');
const { fail } = require('events');

const FOLDER = '/etc/cron.d';

function fileOf(name) {
  const plain = String(name).replace(/[^A-Za-z0-9_-]+/g, '-').replace(/^-+|-+$/g, '');
  if (plain === '') { throw fail('task-scheduler: a name is needed'); }
  return FOLDER + '/' + plain;
}

// The five fields of cron for what the options say.
function when(options) {
  const every = function (value) { return value === undefined || Number(value) <= 1 ? '*' : '*/' + Math.floor(Number(value)); };
  const [hour, minute] = options.time === undefined ? [0, 0] : String(options.time).split(':').map(Number);
  if (!(hour >= 0 && hour < 24 && minute >= 0 && minute < 60)) { throw fail('task-scheduler.create(): time must be HH:MM'); }
  const bounded = function (name, most) {
    const value = Number(options[name]);
    if (!(value >= 1 && value <= most)) { throw fail('task-scheduler.create(): ' + name + ' must be from 1 to ' + most); }
    return value;
  };
  if (options.minutes !== undefined) { bounded('minutes', 59); return every(options.minutes) + ' * * * *'; }
  if (options.hours !== undefined) { bounded('hours', 23); return minute + ' ' + every(options.hours) + ' * * *'; }
  if (options.daily !== undefined) { bounded('daily', 31); return minute + ' ' + hour + ' ' + every(options.daily) + ' * *'; }
  if (options.weekly !== undefined) { return minute + ' ' + hour + ' * * ' + (options.day === undefined ? 0 : Number(options.day) % 7); }
  if (options.monthly !== undefined) { bounded('monthly', 12); return minute + ' ' + hour + ' 1 ' + every(options.monthly) + ' *'; }
  throw fail('task-scheduler.create(): one of minutes, hours, daily, weekly, monthly is needed');
}

exports._ObjectID = 'task-scheduler';
exports.create = function create(options) {
  try {
    const words = options.service !== undefined ? ['service', String(options.service), 'start']
      : [options.target === undefined ? process.execPath : String(options.target)].concat(options.parameters || []);
    const command = words.map((word) => "'" + String(word).replace(/'/g, "'\\''").replace(/%/g, '\\%') + "'").join(' ');
    if (/[\n\r]/.test(command)) { throw fail('task-scheduler.create(): a command has a line break'); }
    fs.writeFileSync(fileOf(options.name), 'SHELL=/bin/sh\nPATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n' +
      when(options) + ' root ' + command + '\n');
    return promise.resolve();
  } catch (e) {
    return promise.reject(e);
  }
};
exports.info = function info(name) {
  try {
    const path = fileOf(typeof name === 'object' ? name.name : name);
    return fs.existsSync(path) ? promise.resolve(fs.readFileSync(path, 'utf8')) : promise.reject('there is no task of that name');
  } catch (e) {
    return promise.reject(e);
  }
};
exports.delete = function (name) {
  try {
    fs.unlinkSync(fileOf(name));
    return promise.resolve();
  } catch (e) {
    return promise.reject(e.code === 'ENOENT' ? 'Task [' + name + '] does not exist' : e);
  }
};
