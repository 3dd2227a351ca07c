//: permissions none
const assert = require('assert');
const fs = require('fs');
const refused = (permission) => (e) => e.code === 'ERR_ACCESS_DENIED' && e.permission === permission;
assert.throws(() => fs.readFileSync('/etc/passwd'), refused('fs.read'));
assert.throws(() => fs.existsSync('/etc/passwd'), refused('fs.read'));
assert.throws(() => fs.readdirSync('/'), refused('fs.read'));
assert.throws(() => fs.statSync('/'), refused('fs.read'));
assert.throws(() => fs.writeFileSync('/tmp/x', ''), refused('fs.write'));
assert.throws(() => fs.mkdirSync('/tmp/xx'), refused('fs.write'));
assert.throws(() => fs.rmSync('/tmp/xx', { force: true }), refused('fs.write'));
assert.throws(() => fs.openSync('/tmp/x', 'w'), refused('fs.write'));
assert.throws(() => fs.openSync('/tmp/x', 'r'), refused('fs.read'));
assert.throws(() => fs.renameSync('/tmp/x', '/tmp/y'), refused('fs.write'));
assert.throws(() => require('child_process').spawn('/bin/true'), refused('exec'));
assert.throws(() => require('child_process').execSync('true'), refused('exec'));
