//: real
//: same
console.log(require('os').Name);
// The real agent calls interfaces up that are not: only those with addresses are compared.
var all = require('os').networkInterfaces();
for (var name in all) { if (all[name][0].address == null) { delete all[name]; } }
console.log(JSON.stringify(all));
console.log(JSON.stringify(require('os').getDefaultGateways()));
console.log([require('os').arch(), require('os').platform(), require('os').hostname(), require('os').endianness(), process.platform].join(' '));
