//: exit 13
await new Promise(() => {});
