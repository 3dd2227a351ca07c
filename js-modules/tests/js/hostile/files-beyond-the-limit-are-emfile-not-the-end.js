//: manifest { "name": "files", "version": "1", "permissions": { "fs.read": ["$DIR"], "fs.write": ["$DIR"] }, "budget": { "handles": 20 } }
const assert = require('assert');
const fs = require('fs');
const path = process.argv[3] + '/one';
fs.writeFileSync(path, 'text');
const open = [];
assert.throws(() => { for (;;) open.push(fs.openSync(path, 'r')); }, { code: 'EMFILE', syscall: 'open' });
assert(open.length <= 20 && open.length >= 10, String(open.length));
let late;
fs.open(path, 'r', (error) => { late = error; });
process.on('exit', () => assert.strictEqual(late.code, 'EMFILE'));
setTimeout(() => {
    for (const fd of open) fs.closeSync(fd);
    assert.strictEqual(fs.readFileSync(path, 'utf8'), 'text');
}, 50);
