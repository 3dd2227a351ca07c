//: crash RuntimeLimitError
function f() { return Reflect.apply(f, null, []); }
f();
