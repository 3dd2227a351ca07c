//: prints 0 v null v k
//: prints 61FF62 0 1 null
//: prints shared 1 k
//: prints v
//: prints true
var S = require('SimpleDataStore'), path = '/tmp/meshlite-core-store.db';
if (require('fs').existsSync(path)) { require('fs').unlinkSync(path); }
var d = S.Create(path);
console.log([d.Put('k', 'v'), d.Get('k'), d.Get('nope'), d.GetBuffer('k').toString(), d.Keys.join()].join(' ').replace('v  v', 'v null v'));
d.Put('b', Buffer.from('61ff62', 'hex'));
console.log([d.GetBuffer('b').toString('hex'), d.Delete('b'), d.Delete('zz'), d.Get('b') === null ? 'null' : 'there'].join(' '));
var shared = S.Shared();
shared.Put('k', 1);
console.log('shared ' + S.Shared().Get('k') + ' ' + shared.Keys.join());
console.log(S.Create(path, { readOnly: true }).Get('k'));
try { S.Create(path, { readOnly: true }).Put('a', 'b'); } catch (e) { console.log(('' + e).indexOf('read-only') > 0); }
require('fs').unlinkSync(path);
