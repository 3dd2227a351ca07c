//: loops 1000
//: crash RuntimeLimitError
Promise.resolve().then(() => { for (;;); });
