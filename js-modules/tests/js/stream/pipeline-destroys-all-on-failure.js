//: prints broken true true true
//: prints undefined xy
const { pipeline, Readable, Writable, PassThrough } = require('stream');
const r = new Readable({ read() {} }), p = new PassThrough();
const w = new Writable({ write(chunk, encoding, callback) { callback(new Error('broken')); } });
pipeline(r, p, w, (error) => {
    console.log(error.message, r.destroyed, p.destroyed, w.destroyed);
    let text = '';
    pipeline(Readable.from(['x', 'y']), new Writable({ objectMode: true, write(c, e, done) { text += c; done(); } }), (none) => console.log(none, text));
});
r.push('x');
