//: prints 1648578835 0
//: prints object new undefined
//: prints later
// Undated ones are replaced by what a server pushes; dated ones only by a later date.
console.log(getJSModuleDate('user-sessions') + ' ' + getJSModuleDate('util-agentlog'));
addModule('user-sessions', 'module.exports = "new";');
addModule('util-agentlog', 'module.exports = "new";');
console.log(typeof require('user-sessions') + ' ' + require('util-agentlog') + ' ' + require('user-sessions').nothing);
addModule('kvm-helper', 'module.exports = "later";', '2030-01-01T00:00:00Z');
console.log(require('kvm-helper'));
