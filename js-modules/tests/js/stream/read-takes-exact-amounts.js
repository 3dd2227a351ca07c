//: prints ["abc","d",null]
const { Readable } = require('stream');
const r = new Readable({ read() {} });
r.push('ab');
r.push('cd');
r.once('readable', () => console.log(JSON.stringify([r.read(3).toString(), r.read().toString(), r.read()])));
