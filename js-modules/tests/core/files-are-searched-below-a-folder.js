//: prints 3 true
//: prints 1 true
//: prints Cancelled
var fs = require('fs'), root = require('os').tmpdir() + 'file-search-' + process.pid;
fs.mkdirSync(root); fs.mkdirSync(root + '/deep');
['needle.txt', 'other.txt', 'deep/Needle2.txt', 'deep/aneedleb'].forEach(function (name) { fs.writeFileSync(root + '/' + name, 'x'); });
function search(filter, after) {
  var found = [], s = require('file-search').find(root, filter);
  s.on('result', function (path) { found.push(path); });
  s.then(function () { after(found); });
}
search('needle', function (found) {
  console.log(found.length + ' ' + (found.indexOf(root + '/deep/Needle2.txt') >= 0));
  search('o*.txt', function (one) {
    console.log(one.length + ' ' + (one[0] == root + '/other.txt'));
    var s = require('file-search').find(root, '');
    s.then(null, function (why) {
      console.log('' + why);
      ['needle.txt', 'other.txt', 'deep/Needle2.txt', 'deep/aneedleb'].forEach(function (name) { fs.unlinkSync(root + '/' + name); });
      fs.rmdirSync(root + '/deep'); fs.rmdirSync(root);
    });
    s.cancel();
  });
});
