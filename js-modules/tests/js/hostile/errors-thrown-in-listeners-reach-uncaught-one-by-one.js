const assert = require('assert');
const seen = [];
function describe(error) { try { return String(error?.message ?? error); } catch { return 'unreadable'; } }
process.on('uncaughtException', (error, origin) => seen.push(describe(error) + ' ' + origin));
const emitter = new (require('events'))();
emitter.on('a', () => { throw new Error('listener'); });
emitter.on('a', () => seen.push('not reached'));
setTimeout(() => emitter.emit('a'), 1);
setTimeout(() => { throw null; }, 2);
setTimeout(() => emitter.emit('error', new Error('no listener')), 3);
setTimeout(() => { Promise.reject(new Error('rejected')); }, 4);
setTimeout(() => process.nextTick(() => { throw new Proxy({}, { get() { throw new Error('trap'); } }); }), 5);
const child = require('child_process').spawn('/bin/true');
child.on('exit', () => { throw new Error('exit of a child'); });
process.on('exit', () => {
    for (const text of ['listener', 'null', 'no listener', 'exit of a child'])
        assert(seen.includes(`${text} uncaughtException`), `${text} in ${seen}`);
    assert(seen.includes('rejected unhandledRejection'), String(seen));
    assert(!seen.includes('not reached'));
});
