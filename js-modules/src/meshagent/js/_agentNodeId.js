'use strict';
// The agent's node id as hex, and the name of its service.

const { fail } = require('events');
const process = require('node:process');

function nodeId() {
  const { spawnSync } = require('node:child_process');
  const id = native.nodeId();
  if (id !== undefined) { return id; }
  // A script without an agent asks the program.
  const done = spawnSync(process.execPath, ['-nodeid'], { encoding: 'utf8', timeout: 20000 });
  return done.status === 0 ? done.stdout.trim() : '';
}

module.exports = nodeId;
nodeId.serviceName = function serviceName() {
  let name;
  try { name = require('MeshAgent').serviceName; } catch (e) { /* A script without an agent. */ }
  return name === undefined ? 'meshagent' : name;
};
nodeId.resetNodeId = function resetNodeId() {
  throw fail('_agentNodeId.resetNodeId(): stop the agent and remove identity.key in its state folder to give it a new identity');
};
nodeId.checkResetNodeId = function checkResetNodeId() { return false; };
