//: crash RuntimeLimitError
function* g() { yield* g(); }
g().next();
