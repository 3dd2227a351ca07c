//: real
//: prints / true
//: prints undefined y
//: prints linux x64 object
//: prints 1641092645000 1641092645000 2022
//: prints 5 5 undefined
//: prints true
console.log(process.cwd().substring(process.cwd().length - 1) + ' ' + (process.cwd().length > 1));
process.env.FOO = 'x';
process.setenv('BAR', 'y');
console.log(process.env.FOO + ' ' + process.env.BAR);
console.log(process.platform + ' ' + process.arch + ' ' + typeof process.versions);
console.log(new Date('2022-01-02 03:04:05').getTime() + ' ' + Date.parse('2022-01-02 03:04:05') + ' ' + new Date(2022, 1, 1).getFullYear());
_hide(5);
console.log(_hide() + ' ' + _hide(true) + ' ' + _hide());
console.log(new Date() instanceof Date && typeof Date.now() == 'number');
