//: prints a 1 { b: [ 1, 2 ] }
//: prints 50% of x is { y: 1 }
//: prints -0 1n Symbol(s) undefined null
//: prints   in group
//: prints     deeper
//: prints out
//: prints Assertion failed: no
//: prints default: 1
//: prints default: 2
console.log('a', 1, { b: [1, 2] });
console.info('%d%% of %s is %o', 50, 'x', { y: 1 });
console.debug(-0, 1n, Symbol('s'), undefined, null);
console.group();
console.warn('in group');
console.group();
console.error('deeper');
console.groupEnd();
console.groupEnd();
console.groupEnd();
console.log('out');
console.assert(true, 'fine');
console.assert(false, 'no');
console.count();
console.count();
