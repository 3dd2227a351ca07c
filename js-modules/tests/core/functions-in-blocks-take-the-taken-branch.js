//: prints linux works
//: prints 4
//: prints implicit
if (process.platform == 'win32') { function pick() { return 'windows'; } } else { function pick() { return 'linux'; } }
console.log(pick() + ' works');
{ function four() { return 4; } }
console.log('' + four());
(function () { made = 'implicit'; })();
console.log(made);
