//: crash RuntimeLimitError
const it = { [Symbol.iterator]() { return [...it][Symbol.iterator](); } };
[...it];
