//: prints true true
//: prints 127.0.0.1 255.0.0.0 IPv4 00:00:00:00:00:00 ethernet up
//: prints true object / string
var os = require('os');
os.name().then(function (v) { console.log((v == os.Name) + ' ' + (this._ObjectID == 'promise')); });
var lo = os.networkInterfaces().lo[0];
console.log([lo.address, lo.netmask, lo.family, lo.mac, lo.type, lo.status].join(' '));
console.log((typeof os.getDefaultGateways() == 'object') + ' ' + typeof os.getArpCache() + ' ' + os.tmpdir().slice(-1) + ' ' + typeof os.getPrimaryDnsSuffix());
