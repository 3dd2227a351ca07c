//: prints ABCD!
const { Transform, PassThrough } = require('stream');
const upper = new Transform({
    transform(chunk, encoding, callback) { callback(null, chunk.toString().toUpperCase()); },
    flush(callback) { callback(null, '!'); },
});
let text = '';
upper.pipe(new PassThrough()).on('data', (chunk) => { text += chunk; }).on('end', () => console.log(text));
upper.write('ab');
upper.end('cd');
