const minimist = require('minimist');
console.log(minimist(['-x', '3', '-abc', '--beep=boop', '--no-check', 'foo', '--n=0x10', '--', 'rest', '-y']));
console.log(minimist(['--a.b', '1', '--a.c=2', '-v', '--name', '7'], { boolean: ['v'], string: ['name'], alias: { v: 'verbose' }, default: { d: 4 }, '--': true }));
