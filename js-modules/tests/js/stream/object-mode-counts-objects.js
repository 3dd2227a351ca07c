//: prints true false
//: prints [1,{"a":2}]
const { Writable, Readable } = require('stream');
const w = new Writable({ objectMode: true, highWaterMark: 2, write() {} });
console.log(w.write({}), w.write({}));
const seen = [];
const r = new Readable({ objectMode: true, read() {} });
r.on('data', (one) => seen.push(one)).on('end', () => console.log(JSON.stringify(seen)));
r.push(1); r.push({ a: 2 }); r.push(null);
