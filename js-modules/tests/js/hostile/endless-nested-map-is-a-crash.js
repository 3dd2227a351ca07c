//: crash RuntimeLimitError
function f() { [1].map(f); }
f();
