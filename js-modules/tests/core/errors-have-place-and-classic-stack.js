//: prints TypeError true
//: prints errors-have-place-and-classic-stack.js 5
//: prints Error: q
try { null.x; } catch (e) { console.log(e.name + ' ' + (e.stack.indexOf('TypeError: ') == 0)); }
var e = new Error('q');
console.log(e.fileName + ' ' + e.lineNumber);
console.log(e.stack.split('\n')[0]);
