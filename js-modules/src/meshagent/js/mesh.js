'use strict';
// The MeshAgent module: what a core has of the agent. Js-host specification 3, agent-channel specification 4.4.

const { EventEmitter, fail } = require('events');

const MeshAgent = { _ObjectID: 'MeshAgent' };
EventEmitter.call(MeshAgent, true).createEvent('Ready', 'Connected', 'Command', 'DesktopSessionChanged', 'DBError',
  'kvmConnected', 'idleTimeoutModeChanged');

// Whoever comes late learns that the agent is connected already.
MeshAgent.on('newListener2', function (name, listener) {
  if (name === 'Connected' && native.isConnected()) { listener.call(this, 1); }
});
// Console text beyond the rate is dropped: a core that talks to itself must not fill the channel.
const rate = { second: 0, sent: 0, dropped: 0 };
MeshAgent.ConsoleTextMaxRate = 10;
function mayTalk() {
  const second = Math.floor(native.now() / 1000);
  if (second !== rate.second) {
    if (rate.dropped > 0) { native.log(2, rate.dropped + ' console texts of the core were dropped: more than ' + MeshAgent.ConsoleTextMaxRate + ' a second'); }
    rate.second = second;
    rate.sent = rate.dropped = 0;
  }
  if (rate.sent < MeshAgent.ConsoleTextMaxRate) { rate.sent++; return true; }
  rate.dropped++;
  return false;
}

MeshAgent.SendCommand = function SendCommand(command) {
  if (typeof command === 'string') { return native.sendText(command); }
  if (command instanceof Uint8Array) {
    return command[0] === 0x7b ? native.sendText(native.utf8(command)) : native.sendBinary(command);
  }
  if (command === null || typeof command !== 'object') { return -1; }
  if (command.action === 'msg' && command.type === 'console' && !mayTalk()) { return undefined; }
  return native.sendText(JSON.stringify(command));
};
MeshAgent.AddCommandHandler = function AddCommandHandler(handler) { if (typeof handler === 'function') { this.on('Command', handler); } };
MeshAgent.AddConnectHandler = function AddConnectHandler(handler) { if (typeof handler === 'function') { this.on('Connected', handler); } };
MeshAgent.eval = function (text) { return native.evaluate(String(text)); };
MeshAgent.getStartupOptions = native.startupOptions;
MeshAgent.restartCore = function restartCore() { native.request('restartCore'); };
MeshAgent.disconnect = function disconnect() { native.request('disconnect'); };
MeshAgent.forceExit = function forceExit(code) { native.request('forceExit', Number(code) || 0); };
MeshAgent.ExecPowerState = function ExecPowerState(state, force) { native.request('power', Number(state) || 0, Boolean(force)); return 1; };
// The X screen as a stream of packets, of the person with this number or of whoever is there; null in a program without
// desktop sessions.
MeshAgent.getRemoteDesktopStream = function getRemoteDesktopStream(uid) { return require('internal/screen').stream(typeof uid === 'number' ? uid : undefined); };
// An identity for a second agent: a key of its own with its certificate, in a PKCS#12 file.
MeshAgent.GenerateAgentCertificate = function GenerateAgentCertificate(subject) {
  const passphrase = 'hidden', name = String(subject === undefined ? 'MeshNodeCertificate' : subject).replace(/^CN=/, '');
  const made = require('tls').generateCertificate(passphrase, { subjectName: name });
  return { root: { pfx: made, passphrase } };
};
MeshAgent.GenerateCertificate = MeshAgent.GenerateAgentCertificate;
MeshAgent.log = function log(text) { native.log(1, String(text)); };

// A question to the server on the control channel; resolves when it answers.
const pings = [];
MeshAgent.DataPing = function DataPing() {
  const promise = require('promise');
  const ping = new promise(promise.defaultInit);
  if (this.SendCommand({ action: 'ping' }) < 0) { ping._rej('not connected'); } else { pings.push(ping); }
  return ping;
};

// The interfaces as the first version of the network report had them.
function netInfo() {
  const all = require('os').networkInterfaces(), gateways = require('os').getDefaultGateways(), arp = require('os').getArpCache(), list = [];
  for (const name of Object.keys(all)) {
    for (const one of all[name]) {
      if (one.family !== 'IPv4' || one.address.startsWith('127.')) { continue; }
      const entry = { name, type: one.type, mac: one.mac.replace(/:/g, ''), v4addr: one.address, v4mask: one.netmask };
      const gateway = gateways[name];
      if (gateway !== undefined) {
        entry.v4gateway = gateway;
        const mac = arp[name] && arp[name][gateway];
        if (mac !== undefined) { entry.gatewaymac = mac.replace(/:/g, ''); }
      }
      list.push(entry);
    }
  }
  return { netif: list };
}

let idleTimeout;
function getters(table) {
  for (const name of Object.keys(table)) {
    Object.defineProperty(MeshAgent, name, {
      get: table[name],
      // Cores replace and delete what they like.
      set: function (value) { Object.defineProperty(MeshAgent, name, { value, writable: true, enumerable: true, configurable: true }); },
      enumerable: true,
      configurable: true,
    });
  }
}
getters({
  ServerInfo: function () {
    const server = native.server();
    return {
      MeshID: native.meshId(), ServerID: native.serverId(), ServerUri: server ? server.url : '', ServerIP: server ? server.ip : '',
      ControlChannelCertificate: server ? { fingerprint: server.fingerprint, digest: server.digest } : null,
    };
  },
  ServerUrl: function () { const server = native.server(); return server ? server.url : null; },
  ConnectedServer: function () { const server = native.server(); return server ? server.url : null; },
  ServerIP: function () { const server = native.server(); return server ? server.ip : null; },
  isControlChannelConnected: native.isConnected,
  coreHash: native.coreHash,
  ARCHID: native.archId,
  isService: function () { return native.serviceName() !== undefined; },
  serviceName: native.serviceName,
  displayName: native.displayName,
  hostname: function () { return require('node:os').hostname(); },
  hasKVM: function () { return require('internal/screen').available ? 1 : 0; },
  hasHECI: function () { return 0; },
  maxKvmTileSize: function () { return 0; },
  updatesEnabled: function () { return true; },
  activeMicroLMS: function () { return false; },
  agentMode: function () { return 0; },
  controlChannelDebug: function () { return 0; },
  idleTimeoutDataMode: function () { return false; },
  kvmRefresh: function () { return 0; },
  remoteMouseRender: function () { return false; },
  enableKvmSlaveLog: function () { return false; },
  serviceReserved: function () { return 0; },
  maxLogSize: function () { return 0; },
  NetInfo: netInfo,
});
Object.defineProperty(MeshAgent, 'idleTimeout', {
  get: function () { return idleTimeout === undefined ? native.idleTimeout() : idleTimeout; },
  set: function (seconds) { idleTimeout = Number(seconds) || 0; MeshAgent.emit('idleTimeoutModeChanged'); },
  enumerable: true,
  configurable: true,
});

// What the host calls when something arrived.
exports.MeshAgent = MeshAgent;
exports.text = function (text) {
  let command = text;
  try { command = JSON.parse(text); } catch (e) { /* Text that is no JSON reaches the core as it is. */ }
  if (command !== null && typeof command === 'object' && command.action === 'pong' && pings.length > 0) { pings.shift()._res(); }
  MeshAgent.emit('Command', command);
};
exports.binary = function (bytes) { MeshAgent.emit('Command', bytes); };
exports.connected = function (state) {
  if (state === 0) { for (const ping of pings.splice(0)) { ping._rej('not connected'); } }
  MeshAgent.emit('Connected', state);
};
