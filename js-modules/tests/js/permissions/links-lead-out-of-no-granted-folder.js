//: manifest { "name": "links", "version": "1", "permissions": { "fs.read": ["$DIR", "/proc"], "fs.write": ["$DIR"], "exec": ["/usr/bin/ln"] } }
const fs = require('fs');
const assert = require('assert');
const dir = process.argv[3];
const denied = (what, body) => assert.throws(body, { code: 'ERR_ACCESS_DENIED' }, what);

// The kernel follows links; so does the check.
fs.mkdirSync(dir + '/sub');
fs.symlinkSync('/etc', dir + '/out');
fs.symlinkSync('/etc/passwd', dir + '/file');
fs.symlinkSync('out', dir + '/twice');
fs.symlinkSync('/tmp/not-there', dir + '/dangling');
fs.symlinkSync('..', dir + '/up');
for (const path of ['out/passwd', 'file', 'twice/passwd', 'sub/../out/passwd', '../../etc/passwd', 'up/x', 'sub/../../x'])
    denied(path, () => fs.readFileSync(dir + '/' + path));
for (const path of ['out/new', 'dangling', 'up/new', '/proc/self/cwd/new', 'missing/../out/new', 'missing/../up/new'])
    denied(path, () => fs.writeFileSync(path[0] === '/' ? path : dir + '/' + path, 'x'));
for (const path of ['mem', 'environ', 'root/etc/passwd', 'cwd', 'fd/0', 'fd/1', 'task/' + process.pid + '/environ', 'exe'])
    denied(path, () => fs.readFileSync('/proc/self/' + path));
denied('a descriptor of a granted file stays granted by its path only', () => {
    const fd = fs.openSync('/proc/self/root/etc/passwd', 'r');
    fs.closeSync(fd);
});
denied('mkdir', () => fs.mkdirSync(dir + '/out/x/y', { recursive: true }));
denied('mkdir behind what is missing', () => fs.mkdirSync(dir + '/missing/../up/x/y', { recursive: true }));
denied('mkdtemp through a link', () => fs.mkdtempSync(dir + '/out/'));
denied('mkdtemp above', () => fs.mkdtempSync(dir + '/up/x'));
denied('rename out', () => fs.renameSync(dir + '/sub', dir + '/out/sub'));
denied('rename in', () => fs.renameSync('/etc/passwd', dir + '/p'));
denied('hard link to a foreign file', () => fs.linkSync('/etc/passwd', dir + '/hard'));
denied('copy in', () => fs.copyFileSync('/etc/passwd', dir + '/p'));
denied('copy out', () => fs.copyFileSync(dir + '/up', '/tmp/x'));
denied('stat', () => fs.statSync(dir + '/file'));
denied('access', () => fs.accessSync(dir + '/file'));
denied('realpath', () => fs.realpathSync(dir + '/file'));
denied('readdir', () => fs.readdirSync(dir + '/out'));
denied('chmod', () => fs.chmodSync(dir + '/file', 0o600));
denied('truncate', () => fs.truncateSync(dir + '/file', 0));
denied('append', () => fs.appendFileSync(dir + '/file', 'x'));
denied('chdir', () => process.chdir(dir + '/out'));
assert.throws(() => require(dir + '/file'), { code: 'MODULE_NOT_FOUND' });
denied('existsSync', () => fs.existsSync(dir + '/out/passwd'));

// What is granted works, links inside included.
fs.symlinkSync('sub', dir + '/inside');
fs.writeFileSync(dir + '/inside/a', 'text');
assert.strictEqual(fs.readFileSync(dir + '/sub/a', 'utf8'), 'text');
assert.strictEqual(fs.lstatSync(dir + '/out').isSymbolicLink(), true);
assert.strictEqual(fs.readlinkSync(dir + '/out'), '/etc');
fs.rmSync(dir + '/out');
assert(fs.existsSync('/proc/meminfo') && fs.readFileSync('/proc/self/status', 'utf8').includes('Name:'));
