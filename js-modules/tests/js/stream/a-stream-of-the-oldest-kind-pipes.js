// A plain `Stream` that emits `data` and `end` by itself: its pipe holds back, ends, and cleans up.
const assert = require('assert');
const { Stream, Writable } = require('stream');

const source = new Stream(), calls = [];
source.readable = true;
source.pause = () => calls.push('pause');
source.resume = () => calls.push('resume');
let release, text = '';
const to = new Writable({ highWaterMark: 2, write(chunk, encoding, done) { text += chunk; release = done; } });
let piped;
to.on('pipe', (from) => { piped = from; });
assert.strictEqual(source.pipe(to), to);
assert.strictEqual(piped, source);

source.emit('data', 'full');
assert.deepStrictEqual(calls, ['pause']);
to.once('drain', () => {
    assert.deepStrictEqual(calls, ['pause', 'resume']);
    source.emit('end');
    source.emit('data', 'late');
    assert.strictEqual(source.listenerCount('data') + source.listenerCount('error') + to.listenerCount('drain'), 0);
});
let finished = false;
to.on('finish', () => { finished = true; });
release();
process.on('exit', () => assert.ok(finished && text === 'full'));

// An error that nobody listens for is thrown; the end stays open where it was asked for.
const lonely = new Stream(), open = new Writable({ write(chunk, encoding, done) { done(); } });
lonely.pipe(open, { end: false });
assert.throws(() => lonely.emit('error', new Error('lonely')), /lonely/);
assert.strictEqual(lonely.listenerCount('data'), 0);
const other = new Stream();
other.pipe(open, { end: false });
other.emit('end');
assert.strictEqual(open.writableEnded, false);
