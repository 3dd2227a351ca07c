//: exit 4
const t = setTimeout(() => process.exit(4), 20).unref();
t.ref();
