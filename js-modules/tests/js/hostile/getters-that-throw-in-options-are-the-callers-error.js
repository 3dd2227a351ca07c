const assert = require('assert');
const boom = new Error('from a getter');
const throwing = new Proxy({}, {
    get() { throw boom; }, has() { throw boom; }, ownKeys() { throw boom; }, getOwnPropertyDescriptor() { throw boom; },
});
const text = { toString() { throw boom; }, valueOf() { throw boom; }, [Symbol.toPrimitive]() { throw boom; } };
const fs = require('fs');
const cp = require('child_process');
const net = require('net');
const calls = {
    spawn: () => cp.spawn('/bin/true', [], throwing),
    spawnSync: () => cp.spawnSync('/bin/true', [], throwing),
    args: () => cp.spawnSync('/bin/true', [text]),
    env: () => cp.spawnSync('/bin/true', [], { env: throwing }),
    read: () => fs.readFileSync(__filename, throwing),
    write: () => fs.writeFileSync('/dev/null', throwing),
    path: () => fs.statSync(text),
    mkdir: () => fs.mkdirSync('/tmp', throwing),
    from: () => Buffer.from(throwing),
    arrayLike: () => Buffer.from({ length: 3, get 1() { throw boom; } }),
    concat: () => Buffer.concat([throwing]),
    fill: () => Buffer.alloc(4).fill(text),
    write2: () => Buffer.alloc(4).write('abc', text),
    index: () => Buffer.alloc(4).readUInt8(text),
    connect: () => net.connect(throwing),
    server: () => net.createServer(throwing),
    listen: () => net.createServer().listen(throwing),
    url: () => new URL(text),
    query: () => require('querystring').stringify(throwing),
    inspect: () => require('util').inspect(throwing),
    clone: () => structuredClone({ get a() { throw boom; } }),
    timer: () => setTimeout(() => {}, text),
    kill: () => process.kill(text),
    env2: () => { process.env.X = text; },
    stringify: () => JSON.stringify({ a: throwing }),
};
for (const [name, call] of Object.entries(calls)) {
    try {
        const made = call();
        if (made?.on) made.on('error', () => {}).unref?.();
    } catch (error) {
        assert(error === boom || error instanceof TypeError || error.code !== undefined, `${name}: ${error}`);
    }
}
assert.throws(calls.spawn, boom);
assert.throws(calls.arrayLike, boom);
assert.throws(calls.url, boom);
