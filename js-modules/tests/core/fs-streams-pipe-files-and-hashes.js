//: prints 200000 true
var fs = require('fs'), from = '/tmp/meshlite-core-from', to = '/tmp/meshlite-core-to';
fs.writeFileSync(from, Buffer.alloc(200000, 'q'));
var expected = getSHA384FileHash(from).toString('hex');
var source = fs.createReadStream(from, { flags: 'rb' }), copy = fs.createWriteStream(to, { flags: 'wb' });
var hash = require('SHA384Stream').create();
hash.on('hash', function (h) {
  console.log(fs.statSync(to).size + ' ' + (h.toString('hex') == expected && getSHA384FileHash(to).toString('hex') == expected));
  fs.unlinkSync(from); fs.unlinkSync(to);
});
source.pipe(copy);
source.pipe(hash);
