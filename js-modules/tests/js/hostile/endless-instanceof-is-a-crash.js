//: crash RuntimeLimitError
const o = { [Symbol.hasInstance]() { return 1 instanceof o; } };
1 instanceof o;
