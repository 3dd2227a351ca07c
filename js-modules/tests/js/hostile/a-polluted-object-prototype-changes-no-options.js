const assert = require('assert');
const fs = require('fs');
const { execFileSync, spawn } = require('child_process');
// What a careless merge of JSON leaves behind. Options that the caller did not give must not come from there.
const polluted = JSON.parse('{"shell":true,"cwd":"/nowhere","input":"injected","argv0":"other","env":{"A":"1"},"uid":12345}');
for (const key in polluted) Object.prototype[key] = polluted[key];
assert.strictEqual(String(execFileSync('/bin/echo', ['$HOME;', 'id'], { __proto__: null })), '$HOME; id\n');
assert.strictEqual(String(execFileSync('/bin/echo', ['$HOME;', 'id'])), '$HOME; id\n');
assert.strictEqual(String(execFileSync('/bin/cat', { __proto__: null, input: 'mine' })), 'mine');
let out = '';
spawn('/bin/echo', ['$HOME'], { __proto__: null }).stdout.on('data', (data) => { out += data; });
assert.strictEqual(Buffer.from('abc').toString('hex'), '616263');
assert(fs.readFileSync(__filename).length > 100);
assert.strictEqual(require('net').isIP('127.0.0.1'), 4);
process.on('exit', () => assert.strictEqual(out, '$HOME\n'));
