//: real
//: prints 2 undefined
//: prints b,a
//: prints a|"b c"|d
//: prints none
//: prints true true true
//: prints function
console.log([1, 2].peek() + ' ' + [].peek());
console.log({ b: 1, a: 2 }.keys().join());
var o = {};
console.log('a "b c" d'.splitEx(' ').join('|'));
var seen = 'none';
for (var k in []) { seen = k; }
for (var l in {}) { seen = l; }
console.log(seen);
console.log((o._hashCode() == o._hashCode()) + ' ' + (o._hashCode().indexOf('0x') == 0) + ' ' + ('abc'._hashCode() == 'abc'._hashCode()));
console.log(typeof (function () { }).internal);
