//: prints Timers.timeout function
//: prints this true args 1 2 prop 5
//: prints interval 2
//: prints immediate x
var t = setTimeout(function (a, b) { console.log('this ' + (this === t) + ' args ' + a + ' ' + b + ' prop ' + this.prop); }, 5, 1, 2);
t.prop = 5;
console.log(t._ObjectID + ' ' + typeof t.on);
var n = 0;
var i = setInterval(function () { if (++n == 2) { clearInterval(this); console.log('interval ' + n); m = setImmediate(function (x) { console.log('immediate ' + x); }, 'x'); } }, 20);
var m;
var never = setTimeout(function () { console.log('never'); }, 1);
clearTimeout(never);
