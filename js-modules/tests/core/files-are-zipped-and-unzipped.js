//: prints progress true
//: prints zip true false
//: prints names one.txt,sub/two.txt true
//: prints out true two 0
//: prints refused File not found
var fs = require('fs'), at = process.cwd() + 'zipped-' + process.pid, big = Buffer.alloc(200000, 'q'), progress = false;
['', '/sub', '/empty', '/to'].forEach(function (name) { fs.mkdirSync(at + name); });
fs.writeFileSync(at + '/one.txt', big);
fs.writeFileSync(at + '/sub/two.txt', 'two');
fs.writeFileSync(at + '/zero', '');
var zip = require('zip-writer').write({ files: [at + '/one.txt', at + '/sub', at + '/zero', at + '/empty'], basePath: at });
zip.on('progress', function (name, percent) { if (name == at + '/one.txt' && percent == 100) { progress = true; } });
var out = fs.createWriteStream(at + '/a.zip', { flags: 'wb' });
out.on('close', read);
zip.pipe(out);
function read() {
  var reader = require('zip-reader');
  console.log('progress ' + progress);
  console.log('zip ' + reader.isZip(at + '/a.zip') + ' ' + reader.isZip(at + '/one.txt'));
  reader.read(at + '/a.zip').then(function (z) {
    console.log('names ' + z.files.slice(0, 2).join(',') + ' ' + (z.crc('one.txt') == crc32(big)));
    z.extractAll(at + '/to').then(function () {
      console.log('out ' + (getSHA384FileHash(at + '/to/one.txt').toString('hex') == getSHA384FileHash(at + '/one.txt').toString('hex')) + ' ' + fs.readFileSync(at + '/to/sub/two.txt') + ' ' + fs.statSync(at + '/to/zero').size);
      reader.read(at + '/none').then(null, function (e) { console.log('refused ' + e); clear(); });
    }, console.log);
  }, console.log);
}
function clear() {
  ['/to/one.txt', '/to/sub/two.txt', '/to/zero', '/to/sub', '/to/empty', '/to', '/a.zip', '/one.txt', '/sub/two.txt', '/zero', '/sub', '/empty', ''].forEach(function (name) { fs.unlinkSync(at + name); });
}
