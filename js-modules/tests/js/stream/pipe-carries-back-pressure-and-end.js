//: prints 1000000 1000000 true
const { Readable, Writable } = require('stream');
let given = 0, taken = 0, ahead = 0;
const r = new Readable({ read(size) { if (given === 1000000) this.push(null); else { given += 10000; this.push(Buffer.alloc(10000)); } } });
const w = new Writable({ highWaterMark: 30000, write(chunk, encoding, callback) { taken += chunk.length; ahead = Math.max(ahead, given - taken); setImmediate(callback); } });
r.pipe(w).on('finish', () => console.log(given, taken, ahead < 200000));
