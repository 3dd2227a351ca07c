//: prints the archive has an unsafe name: ../out
//: prints the archive has an unsafe name: /abs
//: prints one is damaged
//: prints one is longer than it says
//: prints the archive's entries overlap
//: prints not a ZIP archive
// One stored entry, made by hand; each archive lies about something else.
var fs = require('fs'), path = process.cwd() + 'hostile-' + process.pid + '.zip', out = path + '.d', cases = [];
function n(size, value) { var b = Buffer.alloc(size); if (size == 2) { b.writeUInt16LE(value, 0); } else { b.writeUInt32LE(value, 0); } return b; }
function archive(name, says) {
  var data = Buffer.from('data'), size = says.size === undefined ? 4 : says.size, crc = says.crc === undefined ? crc32('data') : says.crc;
  var common = [n(2, 20), n(2, 0), n(2, 0), n(2, 0), n(2, 0), n(4, crc), n(4, says.packed || 4), n(4, size), n(2, name.length)];
  var local = Buffer.concat([n(4, 0x04034b50)].concat(common, [n(2, 0), Buffer.from(name), data]));
  var central = Buffer.concat([n(4, 0x02014b50), n(2, 20)].concat(common, [n(2, 0), n(2, 0), n(2, 0), n(2, 0), n(4, 0), n(4, 0), Buffer.from(name)]));
  var end = Buffer.concat([n(4, 0x06054b50), n(2, 0), n(2, 0), n(2, 1), n(2, 1), n(4, central.length), n(4, local.length), n(2, 0)]);
  return Buffer.concat([local, central, end]);
}
cases = [archive('../out', {}), archive('/abs', {}), archive('one', { crc: 1 }), archive('one', { size: 2 }), archive('one', { packed: 4000 }), Buffer.alloc(100)];
function next() {
  if (cases.length == 0) { fs.unlinkSync(path); fs.unlinkSync(out + '/one'); fs.unlinkSync(out); return; }
  fs.writeFileSync(path, cases.shift());
  var told = function (e) { console.log(e); next(); };
  require('zip-reader').read(path).then(function (z) { z.extractAll(out).then(function () { told('extracted'); }, told); }, told);
}
next();
