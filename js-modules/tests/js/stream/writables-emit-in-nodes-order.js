//: prints end callback | wa ; wb ; prefinish ; sync ; cb a ; cb end ; finish ; close
//: prints slow | wab ; true ; false ; 4 true ; wcd ; drain ; we ; true ; prefinish ; finish ; close
//: prints cork | corked ; va,b ; wc ; prefinish ; finish ; close
//: prints error | cb bad ; cb2 bad ; end cb bad ; error:bad ; close
//: prints destroy | false true false ; close ; cb null ; cb2 ERR_STREAM_DESTROYED
//: prints final | final ; final cb ; prefinish ; end cb ; finish ; close
//: prints after end | prefinish ; cb ERR_STREAM_WRITE_AFTER_END ; error:ERR_STREAM_WRITE_AFTER_END ; close
//: prints end twice | prefinish ; 1 ; 2 null ; finish ; close ; 3 ERR_STREAM_ALREADY_FINISHED
//: prints transform | ta ; data:aa ; tb ; data:bb ; flush ; data:F ; prefinish ; resume ; end ; finish ; close
//: prints transform error | resume ; cb te ; error:te ; close
//: prints transform unread | 2 6 57 ; end 20
//: prints passthrough | data:z ; prefinish ; resume ; end ; finish ; close
//: prints half open | resume ; end ; prefinish ; finish ; close
//: prints both sides | resume ; data:a ; end ; wq ; prefinish ; finish ; close
//: prints construct | s ; c ; wa ; prefinish ; finish ; close
//: prints finished | fin undefined ; dfin ERR_STREAM_PREMATURE_CLOSE
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
add('end callback', (log) => { const w = new Writable({ write(c, e, cb) { log('w' + c); cb(); } }); watch(log, w); w.write('a', () => log('cb a')); w.end('b', () => log('cb end')); log('sync'); });
add('slow', (log) => { const w = new Writable({ highWaterMark: 3, write(c, e, cb) { log('w' + c); setTimeout(cb, 1); } }); watch(log, w); log(w.write('ab')); log(w.write('cd')); log(w.writableLength, w.writableNeedDrain); setTimeout(() => { log(w.write('e')); w.end(); }, 20); });
add('cork', (log) => { const w = new Writable({ write(c, e, cb) { log('w' + c); cb(); }, writev(l, cb) { log('v' + l.map((x) => x.chunk).join()); cb(); } }); watch(log, w); w.cork(); w.write('a'); w.write('b'); log('corked'); w.uncork(); w.write('c'); w.end(); });
add('error', (log) => { const w = new Writable({ write(c, e, cb) { cb(new Error('bad')); } }); watch(log, w); w.write('a', (e) => log('cb ' + e.message)); w.write('b', (e) => log('cb2 ' + e.message)); w.end((e) => log('end cb ' + (e && (e.code || e.message)))); });
add('destroy', (log) => { const w = new Writable({ write(c, e, cb) { setTimeout(cb, 5); } }); watch(log, w); w.write('a', (e) => log('cb ' + (e && e.code))); w.write('b', (e) => log('cb2 ' + (e && e.code))); w.destroy(); log(w.write('c'), w.destroyed, w.writable); });
add('final', (log) => { const w = new Writable({ write(c, e, cb) { cb(); }, final(cb) { log('final'); setTimeout(() => { log('final cb'); cb(); }, 2); } }); watch(log, w); w.end('x', () => log('end cb')); });
add('after end', (log) => { const w = new Writable({ write(c, e, cb) { cb(); } }); watch(log, w); w.end(); w.write('x', (e) => log('cb ' + e.code)); });
add('end twice', (log) => { const w = new Writable({ write(c, e, cb) { cb(); } }); watch(log, w); w.end(() => log('1')); w.end((e) => log('2 ' + (e && e.code))); setTimeout(() => w.end((e) => log('3 ' + (e && e.code))), 10); });
add('transform', (log) => { const t = new Transform({ transform(c, e, cb) { log('t' + c); cb(null, c + c); }, flush(cb) { log('flush'); cb(null, 'F'); } }); watch(log, t); t.write('a'); t.end('b'); });
add('transform error', (log) => { const t = new Transform({ transform(c, e, cb) { cb(new Error('te')); } }); watch(log, t); t.write('a', (e) => log('cb ' + (e && e.message))); });
add('transform unread', (log) => { let n = 0; const t = new Transform({ highWaterMark: 4, transform(c, e, cb) { n++; cb(null, c); } }); for (let i = 0; i < 20; i++) t.write('xyz'); setTimeout(() => { log(n, t.readableLength, t.writableLength); t.on('data', () => {}); t.end(); t.on('end', () => log('end', n)); }, 10); });
add('passthrough', (log) => { const p = new PassThrough(); watch(log, p); p.end('z'); });
add('half open', (log) => { const d = new Duplex({ allowHalfOpen: false, read() {}, write(c, e, cb) { cb(); } }); watch(log, d); d.push(null); });
add('both sides', (log) => { const d = new Duplex({ read() {}, write(c, e, cb) { log('w' + c); cb(); } }); watch(log, d); d.push('a'); d.push(null); setTimeout(() => d.end('q'), 5); });
add('construct', (log) => { const w = new Writable({ construct(cb) { log('c'); setTimeout(cb, 3); }, write(c, e, cb) { log('w' + c); cb(); } }); watch(log, w); w.write('a'); w.end(); log('s'); });
add('finished', (log) => { const w = new Writable({ write(c, e, cb) { cb(); } }); finished(w, (e) => log('fin ' + e)); w.end(); const d = new Duplex({ read() {}, write(c, e, cb) { cb(); } }); finished(d, (e) => log('dfin ' + (e && e.code))); d.end(); setTimeout(() => d.destroy(), 5); });
