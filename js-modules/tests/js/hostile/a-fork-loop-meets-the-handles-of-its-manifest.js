//: manifest { "name": "forks", "version": "1", "permissions": { "exec": ["/bin/sleep"] }, "budget": { "handles": 12 } }
const assert = require('assert');
const { spawn } = require('child_process');
const children = [];
assert.throws(() => {
    for (;;) children.push(spawn('/bin/sleep', ['60'], { stdio: 'ignore' }));
}, { code: 'ERR_TOO_MANY_HANDLES' });
assert(children.length <= 12 && children.length > 1, String(children.length));
let gone = 0;
for (const child of children) {
    child.on('exit', (code, signal) => {
        assert.strictEqual(signal, 'SIGKILL');
        if (++gone < children.length) return;
        // There is room again.
        spawn('/bin/sleep', ['0'], { stdio: 'ignore' }).on('exit', (end) => { gone = end === 0 ? 'all' : end; });
    });
    child.kill('SIGKILL');
}
process.on('exit', () => assert.strictEqual(gone, 'all'));
