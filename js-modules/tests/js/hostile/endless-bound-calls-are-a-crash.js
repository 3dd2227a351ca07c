//: crash RuntimeLimitError
function f() { return g(); }
const g = f.bind(null);
g();
