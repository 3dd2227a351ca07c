//: crash functions call each other deeper
let a = [];
for (let i = 0; i < 1e5; i++) a = [a];
require('util').inspect(a, { depth: Infinity });
