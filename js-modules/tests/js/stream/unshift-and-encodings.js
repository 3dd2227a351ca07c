//: prints ["xa","ä"]
const { Readable } = require('stream');
const bytes = Buffer.from('ä');
const a = new Readable({ read() {} });
a.push('a');
a.unshift('x');
const first = a.read().toString();
const b = new Readable({ read() {} });
b.setEncoding('utf8');
let text = '';
b.on('data', (part) => { text += part; }).on('end', () => console.log(JSON.stringify([first, text])));
b.push(bytes.subarray(0, 1)); b.push(bytes.subarray(1)); b.push(null);
