//: real
//: prints { a: 1, b: 1,2 }, 1,2, null, undefined, 5, x, true
//: prints Error: boo
//: prints abc
//: prints %s %d, a, 3
//: prints 0 {"DISABLED":0,"STDOUT":1,"SERVERCONSOLE":2,"WEBLOG":4,"LOGFILE":8}
console.log({ a: 1, b: [1, 2] }, [1, 2], null, undefined, 5, 'x', true);
console.log(new Error('boo'));
console.log(Buffer.from('abc'));
console.log('%s %d', 'a', 3);
console.info1('quiet');
console.info3('quiet');
console.log(console.getInfoLevel() + ' ' + JSON.stringify(console.Destinations));
