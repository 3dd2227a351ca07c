//: prints ERR_STREAM_WRITE_AFTER_END
//: prints ERR_STREAM_PUSH_AFTER_EOF
//: prints ERR_METHOD_NOT_IMPLEMENTED
const assert = require('assert');
const { Readable, Writable } = require('stream');
const w = new Writable({ write(c, e, callback) { callback(); } });
assert.throws(() => w.write(null), { code: 'ERR_STREAM_NULL_VALUES' });
assert.throws(() => w.write(5), { code: 'ERR_INVALID_ARG_TYPE' });
w.end();
w.on('error', (e) => { console.log(e.code); second(); });
w.write('x');
function second() {
    const r = new Readable({ read() {} });
    r.push(null);
    r.on('error', (e) => { console.log(e.code); third(); });
    r.push('x');
}
function third() { new Readable().on('error', (e) => console.log(e.code)).read(); }
