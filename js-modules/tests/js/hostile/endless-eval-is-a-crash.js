//: crash RuntimeLimitError
globalThis.f = () => eval('f()');
f();
