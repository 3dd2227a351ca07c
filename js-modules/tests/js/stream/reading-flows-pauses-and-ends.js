//: prints a,b paused
//: prints c end close
const { Readable } = require('stream');
const log = [];
const r = new Readable({ read() {} });
r.on('data', (chunk) => { log.push(String(chunk)); if (log.length === 2) { r.pause(); setTimeout(next, 5); } });
r.on('end', () => log.push('end'));
r.on('close', () => { log.push('close'); console.log(log.join(' ')); });
function next() { console.log(log.join(',') + ' paused'); log.length = 0; r.resume(); }
for (const one of ['a', 'b', 'c', null]) r.push(one);
