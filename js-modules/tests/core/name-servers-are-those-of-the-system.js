//: prints function true true
var servers = require('util-dns');
console.log(typeof servers + ' ' + Array.isArray(servers()) + ' ' + (servers().join() === require('os').dns().join()));
