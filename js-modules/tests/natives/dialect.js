// The ways of the dialect to the outside, each by a core without permissions.
var problems = [];
var refused = 0;
function denied(permission, text, call) {
    try {
        call();
        problems.push(text + ': not refused');
    } catch (error) {
        if (error.code === 'ERR_ACCESS_DENIED' && error.permission === permission) refused++;
        else problems.push(text + ': ' + error + ' instead of a refusal for ' + permission);
    }
}
var fs = require('fs');
denied('fs.read', 'readFileSync', function () { fs.readFileSync('/etc/passwd'); });
denied('fs.read', 'readdirSync', function () { fs.readdirSync('/etc'); });
denied('fs.read', 'statSync', function () { fs.statSync('/etc'); });
denied('fs.read', 'openSync', function () { fs.openSync('/etc/passwd', 'rb'); });
denied('fs.read', 'createReadStream', function () { fs.createReadStream('/etc/passwd', { flags: 'rb' }); });
denied('fs.read', 'copyFileSync', function () { fs.copyFileSync('/etc/passwd', '/tmp/x'); });
denied('fs.write', 'writeFileSync', function () { fs.writeFileSync('/tmp/x', 'y'); });
denied('fs.write', 'createWriteStream', function () { fs.createWriteStream('/tmp/x', { flags: 'wb' }); });
denied('fs.write', 'mkdirSync', function () { fs.mkdirSync('/tmp/x'); });
denied('fs.write', 'unlinkSync', function () { fs.unlinkSync('/tmp/x'); });
denied('fs.write', 'renameSync', function () { fs.renameSync('/tmp/x', '/tmp/y'); });
denied('fs.write', 'chmodSync', function () { fs.chmodSync('/tmp', 511); });
var child = require('child_process');
denied('exec', 'execFile', function () { child.execFile('/bin/true', ['true']); });
denied('exec', 'a shell', function () { child.execFile('/bin/sh', ['sh'], { type: child.SpawnTypes.TERM }); });
denied('store', 'SimpleDataStore.Create', function () { require('SimpleDataStore').Create('/tmp/x.db'); });
denied('fs.read', 'getSHA384FileHash', function () { getSHA384FileHash('/etc/passwd'); });
denied('net', 'net.createServer', function () { require('net').createServer().listen({ port: 0 }); });
denied('net', 'net.connect', function () { require('net').createConnection({ host: '127.0.0.1', port: 9 }); });
denied('exec', 'node:child_process', function () { require('node:child_process').spawnSync('/bin/true'); });
for (var i in problems) console.log(problems[i]);
console.log(refused + ' calls refused');
process.exit(problems.length ? 1 : 0);
