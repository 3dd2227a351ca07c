//: real
//: prints Module: nope (NOT FOUND)
//: prints 5
//: prints {"a":4,"b":true,"c":"undefined"}
//: prints ok
//: prints SyntaxError
//: prints 1
//: prints 1
//: prints first second
//: prints getJSModule(): (nope) not found
//: prints exports.v = "second"; true
try { require('nope'); } catch (e) { console.log('' + e); }
addModule('mm', 'module.exports = 5; exports.a=1;');
console.log('' + require('mm'));
addModule('mm2', 'exports.a = 4; exports.b = this === exports; exports.c = typeof __filename;');
console.log(JSON.stringify(require('mm2')));
addModule('mm3', 'var =');
console.log('ok');
try { require('mm3'); } catch (e) { console.log(('' + e).split(':')[0]); }
addModuleObject('mo', { q: 1 });
console.log('' + require('mo').q);
addModule('ca', 'exports.x=1; var b=require("cb"); exports.y=b.z;');
addModule('cb', 'var a=require("ca"); exports.z=a.x;');
console.log('' + require('ca').y);
addModule('re', 'exports.v = "first";');
var first = require('re').v;
addModule('re', 'exports.v = "second";');
console.log(first + ' ' + require('re').v);
try { getJSModule('nope'); } catch (e) { console.log('' + e); }
console.log(getJSModule('re') + ' ' + (getModules().length > 1));
