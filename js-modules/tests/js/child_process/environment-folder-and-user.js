const assert = require('assert');
const { spawnSync } = require('child_process');
process.env.SEEN = 'by the child';
assert.strictEqual(spawnSync('sh', ['-c', 'echo $SEEN'], { encoding: 'utf8' }).stdout, 'by the child\n');
assert.strictEqual(spawnSync('env', { env: { A: 1, B: undefined }, encoding: 'utf8' }).stdout, 'A=1\n');
assert.strictEqual(spawnSync('pwd', { cwd: '/usr', encoding: 'utf8' }).stdout, '/usr\n');
assert.strictEqual(spawnSync('sh', ['-c', 'echo $0'], { argv0: 'other', encoding: 'utf8' }).stdout, 'other\n');
if (process.getuid() === 0) {
    assert.strictEqual(spawnSync('id', ['-u'], { uid: 65534, gid: 65534, encoding: 'utf8' }).stdout, '65534\n');
}
