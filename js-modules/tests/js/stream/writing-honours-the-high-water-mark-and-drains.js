//: prints true false
//: prints drain abcd
//: prints finish 6
const { Writable } = require('stream');
let text = '';
const w = new Writable({ highWaterMark: 4, write(chunk, encoding, callback) { text += chunk; setTimeout(callback, 1); } });
console.log(w.write('ab'), w.write('cd'));
w.once('drain', () => { console.log('drain', text); w.end('ef'); });
w.on('finish', () => console.log('finish', text.length));
