'use strict';
// Services of the machine: systemd, OpenRC, and System V or BSD style scripts. Js-host specification 8.6.

const fs = require('node:fs');
const path = require('node:path');
const process = require('node:process');
const run = require('internal/run');
const procfs = require('internal/procfs');
const { fail, hide } = require('events');

const UNITS = ['/etc/systemd/system', '/run/systemd/system', '/usr/lib/systemd/system', '/lib/systemd/system'];

function getServiceType() {
  if (fs.existsSync('/run/systemd/system')) { return 'systemd'; }
  const first = procfs.name(1);
  if (first === 'systemd') { return 'systemd'; }
  if (fs.existsSync('/sbin/procd') || first === 'procd') { return 'procd'; }
  if (fs.existsSync('/run/openrc')) { return 'openrc'; }
  if (first === 'upstart' || fs.existsSync('/sbin/upstart-udev-bridge')) { return 'upstart'; }
  return first === 'init' && fs.existsSync('/etc/init.d') ? 'init' : 'unknown';
}

// A name becomes part of a path and of a command line.
function checked(name) {
  const text = String(name);
  if (!/^[A-Za-z0-9:_.@\\-]+$/.test(text) || text.startsWith('-') || text.startsWith('.')) {
    throw fail('service name ' + text + ' is not valid: letters, digits and : _ . @ - only');
  }
  return text;
}

// systemd's way to write any text into a unit's name.
function escape(text) {
  return Array.from(Buffer.from(String(text)), function (byte, at) {
    const c = String.fromCharCode(byte);
    if (c === '/') { return '-'; }
    return /[A-Za-z0-9:_]/.test(c) || (c === '.' && at > 0) ? c : '\\x' + (byte < 16 ? '0' : '') + byte.toString(16);
  }).join('');
}
function unescape(text) {
  return String(text).replace(/-/g, '/').replace(/\\x([0-9a-f]{2})/gi, (_, hex) => String.fromCharCode(parseInt(hex, 16)));
}

function unitFile(name) {
  for (const folder of UNITS) {
    const path = folder + '/' + name + '.service';
    if (fs.existsSync(path)) { return path; }
  }
  return null;
}

function setting(text, key) {
  const found = new RegExp('^' + key + '=(.*)$', 'm').exec(text);
  return found === null ? null : found[1].trim();
}

function systemctl(...args) { return run.status('systemctl', args); }
function show(name, property) {
  const text = run.output('systemctl', ['show', name + '.service', '-p', property, '--value']);
  return text === null ? '' : text.trim();
}

function acted(what, name, code) {
  if (code === null) { throw fail('service ' + name + ': the program to ' + what + ' it is missing'); }
  if (code !== 0) { throw fail('service ' + name + ': ' + what + ' failed with code ' + code); }
}

// ---- one service --------------------------------------------------------------------------------------------------

function systemdService(name, file) {
  const text = run.read(file);
  const service = { name, serviceType: 'systemd', conf: file };
  const command = setting(text, 'ExecStart') || '';
  const folder = setting(text, 'WorkingDirectory');
  const ways = {
    appWorkingDirectory: function () { return folder === null ? '/' : folder.replace(/\/*$/, '/'); },
    appLocation: function () { return command.replace(/^[-@:+!]+/, '').split(/\s+/)[0]; },
    description: function () { return setting(text, 'Description') || ''; },
    isRunning: function () { return systemctl('is-active', '--quiet', name + '.service') === 0; },
    isAutoStart: function () { return systemctl('is-enabled', '--quiet', name + '.service') === 0; },
    pid: function () { return Number(show(name, 'MainPID')) || 0; },
    status: function () { return run.output('systemctl', ['status', name + '.service', '--no-pager']) || ''; },
  };
  for (const verb of ['start', 'stop', 'restart']) {
    ways[verb] = function () { acted(verb, name, systemctl(verb, '--no-block', name + '.service')); };
  }
  return complete(service, ways);
}

function scriptService(name, kind) {
  const script = '/etc/init.d/' + name;
  const call = function (verb) { return run.status(script, [verb]); };
  const ways = {
    appWorkingDirectory: function () { return '/'; },
    appLocation: function () { return script; },
    description: function () { const found = /^#\s*Short-Description:\s*(.*)$/m.exec(run.read(script)); return found === null ? '' : found[1]; },
    isRunning: function () { return call('status') === 0; },
    isAutoStart: function () {
      return ['2', '3', '4', '5'].some((level) => names('/etc/rc' + level + '.d').some((one) => one.startsWith('S') && one.endsWith(name))) ||
        names('/etc/rc.d').some((one) => one.startsWith('S') && one.endsWith(name)) || names('/etc/runlevels/default').includes(name);
    },
    pid: function () { return Number(run.read('/run/' + name + '.pid')) || 0; },
    status: function () { return run.output(script, ['status']) || ''; },
  };
  for (const verb of ['start', 'stop', 'restart']) { ways[verb] = function () { acted(verb, name, call(verb)); }; }
  return complete({ name, serviceType: kind, conf: script }, ways);
}

// The agent's own service is known by its process: ours, or the supervisor that started us.
function complete(service, ways) {
  ways.isMe = function () {
    const pid = ways.pid();
    return pid !== 0 && (pid === process.pid || pid === process.ppid);
  };
  for (const way of Object.keys(ways)) { service[way] = ways[way]; }
  return service;
}

function names(folder) { try { return fs.readdirSync(folder); } catch (e) { return []; } }

// ---- the manager --------------------------------------------------------------------------------------------------

const manager = { _ObjectID: 'service-manager' };
manager.isAdmin = function isAdmin() { return process.geteuid() === 0; };
manager.getServiceType = getServiceType;
manager.escape = escape;
manager.unescape = unescape;

manager.getService = function getService(given) {
  const kind = getServiceType();
  let found = null;
  if (/^[A-Za-z0-9:_.@\\-]+$/.test(String(given))) {
    const name = checked(given).replace(/\.service$/, '');
    if (kind === 'systemd') {
      const file = unitFile(name);
      if (file !== null) { found = systemdService(name, file); }
    } else if (kind !== 'unknown' && fs.existsSync('/etc/init.d/' + name)) {
      found = scriptService(name, kind);
    }
  }
  if (found === null) { throw fail('MeshDaemon (' + given + ') NOT FOUND'); }
  return found;
};

manager.enumerateService = function enumerateService() {
  const kind = getServiceType();
  if (kind === 'unknown') { return []; }
  if (kind !== 'systemd') {
    return names('/etc/init.d').filter((name) => /^[A-Za-z0-9]/.test(name) && name !== 'README').map((name) => scriptService(name, kind));
  }
  const seen = new Map();
  for (const folder of UNITS) {
    for (const file of names(folder)) {
      if (!file.endsWith('.service') || file.includes('@.')) { continue; }
      const name = file.substring(0, file.length - '.service'.length);
      if (!seen.has(name)) { seen.set(name, systemdService(name, folder + '/' + file)); }
    }
  }
  return Array.from(seen.values());
};

// Where a service's program lies: a copy of the given one in a folder of the service's own, unless it stays in place.
const SERVICES = '/usr/local/mesh_services/';

function settled(options, name) {
  const given = path.resolve(String(options.servicePath));
  if (options.installInPlace) { return given; }
  const folder = options.installPath === undefined ? SERVICES + name : path.resolve(String(options.installPath));
  const program = path.join(folder, checked(options.target || name));
  if (program !== given) {
    fs.mkdirSync(folder, { recursive: true });
    fs.copyFileSync(given, program);
    fs.chmodSync(program, 0o755);
  }
  return program;
}

// `{name, servicePath, target?, installPath?, installInPlace?, description?, displayName?, parameters?, startType?,
// workingDirectory?}`
manager.installService = function installService(options) {
  if (!manager.isAdmin()) { throw fail('Installing a Service, requires administrative credentials'); }
  if (!options || !options.name) { throw fail('installService(): a name is needed'); }
  if (!options.servicePath) { throw fail('installService(): the path of a program is needed (servicePath)'); }
  const name = checked(options.name), kind = getServiceType();
  if ((options.parameters || []).some((word) => /[\n\r\0]/.test(word))) { throw fail('installService(): a parameter has a line break'); }
  if (kind === 'unknown') { throw fail('Unknown Service Platform: this system has no service manager that is known'); }
  const program = settled(options, name);
  const words = [program].concat(options.parameters || []).map(String);
  if (/[\n\r\0]/.test(program)) { throw fail('installService(): the path has a line break'); }
  const folder = options.workingDirectory || path.dirname(program);
  const automatic = ['AUTO_START', 'BOOT_START'].includes(options.startType);
  const described = String(options.description || options.displayName || name).replace(/[\n\r]/g, ' ');
  const quoted = words.map((word) => (/[\s"'\\$%;]/.test(word) ? '"' + word.replace(/["\\]/g, '\\$&').replace(/[$%]/g, '$&$&') + '"' : word)).join(' ');
  if (kind === 'systemd') {
    fs.writeFileSync('/etc/systemd/system/' + name + '.service', '[Unit]\nDescription=' + described + '\nWants=network-online.target\nAfter=network-online.target\n\n' +
      '[Service]\nWorkingDirectory=' + folder + '\nExecStart=' + quoted + '\nRestart=always\nRestartSec=3\n\n[Install]\nWantedBy=multi-user.target\n');
    acted('reload', name, systemctl('daemon-reload'));
    if (automatic) { acted('enable', name, systemctl('enable', '--quiet', name + '.service')); }
    return manager.getService(name);
  }
  const script = '/etc/init.d/' + name;
  fs.writeFileSync(script, initScript(kind, name, described, folder, words), { mode: 0o755 });
  if (automatic) {
    const code = kind === 'openrc' ? run.status('rc-update', ['add', name, 'default']) : kind === 'procd' ? run.status(script, ['enable'])
      : run.status('update-rc.d', [name, 'defaults']);
    acted('enable', name, code);
  }
  return manager.getService(name);
};

function shellWord(word) { return "'" + word.replace(/'/g, "'\\''") + "'"; }

function initScript(kind, name, described, folder, words) {
  const command = words.map(shellWord).join(' ');
  if (kind === 'procd') {
    return '#!/bin/sh /etc/rc.common\n# ' + described + '\nUSE_PROCD=1\nSTART=95\nSTOP=10\n\nstart_service() {\n  procd_open_instance\n  procd_set_param command ' +
      command + '\n  procd_set_param respawn\n  procd_close_instance\n}\n';
  }
  if (kind === 'openrc') {
    return '#!/sbin/openrc-run\ndescription=' + shellWord(described) + '\nsupervisor=supervise-daemon\ncommand=' + shellWord(words[0]) + '\ncommand_args=' +
      shellWord(words.slice(1).map(shellWord).join(' ')) + '\ndirectory=' + shellWord(folder) + '\n\ndepend() {\n  need net\n}\n';
  }
  const daemon = 'start-stop-daemon --pidfile /run/' + name + '.pid';
  return '#!/bin/sh\n### BEGIN INIT INFO\n# Provides: ' + name + '\n# Required-Start: $network $remote_fs\n# Required-Stop: $network $remote_fs\n' +
    '# Default-Start: 2 3 4 5\n# Default-Stop: 0 1 6\n# Short-Description: ' + described + '\n### END INIT INFO\n\ncase "$1" in\n' +
    '  start) ' + daemon + ' --start --background --make-pidfile --chdir ' + shellWord(folder) + ' --exec ' + command.replace(' ', ' -- ') + ' ;;\n' +
    '  stop) ' + daemon + ' --stop --oknodo --remove-pidfile ;;\n  restart) "$0" stop; "$0" start ;;\n' +
    '  status) ' + daemon + ' --status ;;\n  *) echo "usage: $0 start|stop|restart|status"; exit 2 ;;\nesac\n';
}

manager.uninstallService = function uninstallService(given, options) {
  if (!manager.isAdmin()) { throw fail('Uninstalling a Service, requires administrative credentials'); }
  const service = typeof given === 'object' ? given : manager.getService(given);
  const name = service.name;
  if (service.serviceType === 'systemd') {
    systemctl('stop', name + '.service');
    systemctl('disable', '--quiet', name + '.service');
    if (!service.conf.startsWith('/etc/')) { throw fail('service ' + name + ' belongs to a package: remove that'); }
  } else {
    run.status(service.conf, ['stop']);
    if (service.serviceType === 'openrc') { run.status('rc-update', ['del', name]); } else if (service.serviceType === 'procd') {
      run.status(service.conf, ['disable']);
    } else { run.status('update-rc.d', ['-f', name, 'remove']); }
  }
  if (!(options && options.skipDeleteBinary)) {
    const program = service.appLocation();
    if (program.startsWith('/usr/local/mesh_services/' + name + '/')) { try { fs.unlinkSync(program); } catch (e) { /* gone already */ } }
  }
  fs.unlinkSync(service.conf);
  if (service.serviceType === 'systemd') { systemctl('daemon-reload'); }
};

// Starts a program that outlives us, with the given words.
manager.daemon = function daemon(path, parameters, options) { return require('service-host').detached(path, parameters, options); };
manager.daemonEx = function daemonEx(path, parameters, options) { return manager.daemon(path, parameters, options); };

function serviceManager() { return manager; }
module.exports = serviceManager;
hide(module.exports, 'manager', manager);
