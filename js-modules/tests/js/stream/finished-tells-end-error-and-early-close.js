//: prints ok
//: prints bad
//: prints ERR_STREAM_PREMATURE_CLOSE
const { finished, Readable } = require('stream');
const a = new Readable({ read() { this.push(null); } });
finished(a, (e) => {
    console.log(e ? e.message : 'ok');
    const b = new Readable({ read() {} });
    finished(b, (e2) => {
        console.log(e2.message);
        const c = new Readable({ read() {} });
        finished(c, (e3) => console.log(e3.code));
        c.destroy();
    });
    b.destroy(new Error('bad'));
});
a.resume();
