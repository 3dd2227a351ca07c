//: prints 2000000 true 0
const child = require('child_process').spawn('cat');
const data = Buffer.alloc(2000000);
for (let i = 0; i < data.length; i += 3) data[i] = i >> 3;
const parts = [];
child.stdout.on('data', (part) => parts.push(part));
child.on('close', (code) => { const all = Buffer.concat(parts); console.log(all.length, all.equals(data), code); });
child.stdin.end(data);
