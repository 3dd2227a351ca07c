//: manifest { "name": "exec", "version": "1", "permissions": { "fs.read": ["$DIR"], "fs.write": ["$DIR"], "exec": ["/usr/bin/id", "true"], "env": ["PATH"] } }
const assert = require('assert');
const fs = require('fs');
const { execFileSync, spawnSync, spawn, exec, execSync } = require('child_process');
const dir = process.argv[3];
const denied = { code: 'ERR_ACCESS_DENIED', permission: 'exec' };

assert.match(String(execFileSync('/usr/bin/id', ['-u'])), /^\d+\n$/);
assert.match(String(execFileSync('id', ['-u'])), /^\d+\n$/);
assert.strictEqual(spawnSync('true').status, 0);
assert.throws(() => execFileSync('/usr/bin/env'), denied);
assert.throws(() => spawn('/bin/sh', ['-c', 'id']), denied);
assert.throws(() => execSync('id'), denied);
assert.throws(() => exec('id'), denied);
assert.throws(() => spawn('/usr/bin/../bin/env'), denied);
assert.throws(() => process.kill(process.pid, 0), denied);

// A name of one's own is another program.
fs.symlinkSync('/usr/bin/env', dir + '/id');
assert.throws(() => spawnSync(dir + '/id'), denied);
assert.throws(() => spawnSync('./id', { cwd: dir }), denied);

// A granted program is not turned into another one by its variables.
for (const key of ['LD_PRELOAD', 'LD_LIBRARY_PATH', 'BASH_ENV', 'PYTHONPATH', 'BASH_FUNC_x%%'])
    assert.throws(() => spawnSync('true', { env: { [key]: dir } }), { code: 'ERR_ACCESS_DENIED', permission: 'env', resource: key });
