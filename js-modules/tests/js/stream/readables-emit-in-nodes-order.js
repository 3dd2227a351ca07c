//: prints flow | sync true ; resume ; data:a ; data:b ; end ; close
//: prints readable | readable ; got a ; readable ; got b ; readable ; end ; close
//: prints pulled | _read 2 ; resume ; _read 2 ; data:x1 ; _read 2 ; data:x2 ; _read 2 ; data:x3 ; end ; close
//: prints amounts | ab  5 cdefg  ; end ; close
//: prints pause | pause ; true false ; resume ; false ; data:a ; resume ; end ; close
//: prints slow destroy | _d q ; resume ; error:q ; close
//: prints throw | resume ; error:rd ; close
//: prints after eof | resume ; error:ERR_STREAM_PUSH_AFTER_EOF ; close
//: prints unshift | ab ; resume ; end ; close
//: prints objects | resume ; data:1 ; data:2 ; data:3 ; end ; close
//: prints pipe | w:pipe ; r:resume ; wabc ; r:pause ; w:drain ; r:resume ; wdef ; r:pause ; r:end ; r:close ; w:prefinish ; w:finish ; w:unpipe ; w:close
//: prints unpipe | w:pipe ; r:resume ; wa ; r:pause ; w:unpipe ; false 1
//: prints pipe error | w:pipe ; r:resume ; r:pause ; w:unpipe ; w:error:we ; w:close
//: prints pipeline | done undefined ab
//: prints pipeline fails | done mid
//: prints pipeline closes | done ERR_STREAM_PREMATURE_CLOSE
//: prints encoding | resume ; data:€x ; end ; close
//: prints construct fails | resume ; error:ce ; close
//: prints no close | resume ; end
//: prints no auto destroy | resume ; end ; false
//: prints listener removed | da ; true 1
const { Readable, Writable, Duplex, Transform, PassThrough, finished, pipeline } = require('stream');
const cases = [];
const add = (name, run) => cases.push([name, run]);
const events = ['readable', 'end', 'close', 'error', 'finish', 'drain', 'pause', 'resume', 'pipe', 'unpipe', 'prefinish', 'data'];
const watch = (log, s, tag = '', not = ['readable']) => {
    for (const e of events) if (!not.includes(e)) s.on(e, (x) => log(tag + e + (x instanceof Error ? ':' + (x.code || x.message) : e === 'data' ? ':' + x : '')));
};
const run = () => {
    if (cases.length === 0) return;
    const [name, body] = cases.shift(), lines = [];
    body((...a) => lines.push(a.join(' ')));
    setTimeout(() => { console.log(name + ' | ' + lines.join(' ; ')); run(); }, 40);
};
setImmediate(run);
add('flow', (log) => { const r = new Readable({ read() {} }); watch(log, r); r.push('a'); r.push('b'); r.push(null); log('sync', r.readableFlowing); });
add('readable', (log) => { const r = new Readable({ read() {} }); watch(log, r, '', ['data']); r.on('readable', () => { let c; while ((c = r.read()) !== null) log('got ' + c); }); r.push('a'); setTimeout(() => { r.push('b'); r.push(null); }, 5); });
add('pulled', (log) => { let n = 0; const r = new Readable({ highWaterMark: 2, read(size) { log('_read ' + size); this.push(n++ < 3 ? 'x' + n : null); } }); watch(log, r); });
add('amounts', (log) => { const r = new Readable({ highWaterMark: 4, read() {} }); r.push('abc'); r.push('defg'); log(r.read(2) + '', r.read(9), r.readableLength, r.read() + '', r.read()); r.push(null); r.on('end', () => log('end')); r.on('close', () => log('close')); r.read(); });
add('pause', (log) => { const r = new Readable({ read() {} }); watch(log, r); r.pause(); r.push('a'); log(r.isPaused(), r.readableFlowing); setTimeout(() => { r.resume(); log(r.isPaused()); r.push(null); }, 5); });
add('slow destroy', (log) => { const r = new Readable({ read() {}, destroy(e, cb) { log('_d ' + (e && e.message)); setTimeout(() => cb(e), 3); } }); watch(log, r); r.destroy(new Error('q')); r.destroy(new Error('z')); });
add('throw', (log) => { const r = new Readable({ read() { throw new Error('rd'); } }); watch(log, r); });
add('after eof', (log) => { const r = new Readable({ read() {} }); watch(log, r); r.push(null); r.push('x'); });
add('unshift', (log) => { const r = new Readable({ read() {} }); r.push('b'); r.unshift('a'); log(r.read() + ''); r.push(null); watch(log, r); });
add('objects', (log) => { const r = Readable.from([1, 2, 3]); watch(log, r); });
add('pipe', (log) => { const r = new Readable({ read() {} }), w = new Writable({ highWaterMark: 2, write(c, e, cb) { log('w' + c); setTimeout(cb, 1); } }); watch(log, r, 'r:', ['data', 'readable']); watch(log, w, 'w:'); r.pipe(w); r.push('abc'); r.push('def'); r.push(null); });
add('unpipe', (log) => { const r = new Readable({ read() {} }), w = new Writable({ write(c, e, cb) { log('w' + c); cb(); } }); watch(log, r, 'r:', ['data', 'readable']); watch(log, w, 'w:'); r.pipe(w); r.push('a'); setTimeout(() => { r.unpipe(w); r.push('b'); log(r.readableFlowing, r.readableLength); }, 5); });
add('pipe error', (log) => { const r = new Readable({ read() {} }), w = new Writable({ write(c, e, cb) { cb(new Error('we')); } }); watch(log, r, 'r:', ['data', 'readable']); watch(log, w, 'w:'); r.pipe(w); r.push('a'); });
add('pipeline', (log) => { let t = ''; pipeline(Readable.from(['a', 'b']), new PassThrough(), new Writable({ write(c, e, cb) { t += c; cb(); } }), (e) => log('done ' + e + ' ' + t)); });
add('pipeline fails', (log) => { pipeline(Readable.from(['a']), new Transform({ transform(c, e, cb) { cb(new Error('mid')); } }), new PassThrough(), (e) => log('done ' + e.message)); });
add('pipeline closes', (log) => { const r = new Readable({ read() {} }); pipeline(r, new PassThrough(), (e) => log('done ' + e.code)); r.destroy(); });
add('encoding', (log) => { const r = new Readable({ read() {}, encoding: 'utf8' }); watch(log, r); const b = Buffer.from('€x'); r.push(b.subarray(0, 1)); r.push(b.subarray(1)); r.push(null); });
add('construct fails', (log) => { const r = new Readable({ construct(cb) { cb(new Error('ce')); }, read() { log('no'); } }); watch(log, r); });
add('no close', (log) => { const r = new Readable({ emitClose: false, read() {} }); watch(log, r); r.push(null); });
add('no auto destroy', (log) => { const r = new Readable({ autoDestroy: false, read() {} }); watch(log, r); r.push(null); setTimeout(() => log(r.destroyed), 5); });
add('listener removed', (log) => { const r = new Readable({ read() {} }); const f = (c) => log('d' + c); r.on('data', f); r.push('a'); setTimeout(() => { r.removeListener('data', f); r.push('b'); log(r.readableFlowing, r.readableLength); }, 5); });
