const assert = require('assert');
const fs = require('fs');
const cp = require('child_process');
// Each reads an option, and the getter does the same again, deeper, or takes away what the outer call works on.
let depth = 0;
const options = { get cwd() { return depth++ < 50 ? (cp.spawnSync('/bin/true', [], options), '/') : '/'; } };
assert.strictEqual(cp.spawnSync('/bin/true', [], options).status, 0);
assert.strictEqual(depth, 51);
const fd = fs.openSync(__filename, 'r');
const closing = { get position() { fs.closeSync(fd); return 0; } };
const target = Buffer.alloc(8);
assert.throws(() => fs.readSync(fd, target, closing), { code: 'EBADF' });
const list = [Buffer.from('a'), Buffer.from('b')];
Object.defineProperty(list, 1, { get() { list[0] = 7; return Buffer.from('c'); } });
try { Buffer.concat(list); } catch (error) { assert(error instanceof TypeError); }
const emitter = new (require('events'))();
let heard = 0;
emitter.on('a', function own() { heard++; emitter.removeAllListeners(); emitter.emit('a'); });
emitter.on('a', () => { heard++; });
emitter.emit('a');
assert.strictEqual(heard, 2);
const timer = setTimeout(() => {}, { valueOf() { clearTimeout(timer0); return 1; } });
var timer0 = setTimeout(() => { throw new Error('was cleared'); }, 1);
clearTimeout(timer0);
clearTimeout(timer);
