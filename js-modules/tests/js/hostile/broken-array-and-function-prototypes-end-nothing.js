const real = { push: Array.prototype.push, call: Function.prototype.call, iterator: Array.prototype[Symbol.iterator] };
const tries = [
    () => Buffer.concat([Buffer.from('a'), Buffer.from('b')]),
    () => require('fs').readdirSync('/'),
    () => require('path').join('a', '..', 'b'),
    () => require('url').parse('http://a/b?c=d'),
    () => require('util').inspect({ a: [1, new Map([[1, 2]])] }),
    () => require('child_process').spawnSync('/bin/true'),
    () => new (require('events'))().on('a', () => {}).emit('a'),
    () => require('querystring').parse('a=b&c=d'),
    () => setTimeout(() => {}, 0),
    () => process.nextTick(() => {}),
    () => structuredClone([{ a: 1 }]),
    () => new URL('http://a/b').searchParams.append('x', 'y'),
    () => JSON.stringify(JSON.parse('[1,[2]]')),
];
for (const run of tries) run();
const bad = () => { throw new TypeError('polluted'); };
const names = ['push', 'pop', 'slice', 'splice', 'map', 'forEach', 'join', 'indexOf', 'shift', 'concat', 'sort', 'includes'];
const kept = names.map((name) => Array.prototype[name]);
let thrown = 0;
function all() {
    for (let at = 0; at < tries.length; at++) {
        // Working and failing with an error are both well; anything else ends this process.
        try { tries[at](); } catch (error) { if (!(error instanceof Error)) process.exit(4); thrown++; }
    }
}
for (let at = 0; at < names.length; at++) Array.prototype[names[at]] = bad;
all();
for (let at = 0; at < names.length; at++) Array.prototype[names[at]] = kept[at];
Array.prototype[Symbol.iterator] = bad;
all();
Array.prototype[Symbol.iterator] = real.iterator;
for (const name of ['call', 'apply', 'bind']) {
    const was = Function.prototype[name];
    Function.prototype[name] = bad;
    all();
    Function.prototype[name] = was;
}
Object.setPrototypeOf(Array.prototype, new Proxy({}, { get: bad, has: bad, set: bad }));
all();
Object.setPrototypeOf(Array.prototype, Object.prototype);
thrown = 0;
all();
if (thrown) throw new Error(`${thrown} still fail after everything was mended`);
