//: manifest { "name": "env", "version": "1", "permissions": { "env": ["PATH", "MINE"], "exec": ["/usr/bin/env"] } }
const assert = require('assert');
assert.deepStrictEqual(Object.keys(process.env), ['PATH']);
assert.strictEqual(process.env.HOME, undefined);
assert.strictEqual('HOME' in process.env, false);
process.env.MINE = 'x';
assert.strictEqual(process.env.MINE, 'x');
assert.throws(() => { process.env.HOME = '/'; }, { code: 'ERR_ACCESS_DENIED', permission: 'env', resource: 'HOME' });
assert.throws(() => { delete process.env.HOME; }, { code: 'ERR_ACCESS_DENIED' });
// Children do not see more than the script.
const seen = String(require('child_process').execFileSync('/usr/bin/env'));
assert.match(seen, /^MINE=x$/m);
assert.doesNotMatch(seen, /HOME=/);
