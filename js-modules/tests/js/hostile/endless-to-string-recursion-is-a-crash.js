//: crash RuntimeLimitError
function f() { return String({ toString: f }); }
f();
