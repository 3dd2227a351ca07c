//: real
//: prints true null
//: prints true
//: prints true
var f = require('lib-finder');
console.log(/\/sh$/.test(f.findBinary('sh')) + ' ' + f.findBinary('no-such-program-here'));
console.log(f.hasBinary('sh') === true && f.hasBinary('no-such-program-here') === false);
var libc = require('monitor-info').getLibInfo('libc');
console.log(libc.length == 0 || (/^libc\.so/.test(libc[0].lib) && libc[0].path[0] == '/'));
