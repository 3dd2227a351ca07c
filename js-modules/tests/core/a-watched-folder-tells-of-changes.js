//: prints fs.fsWatcher true
//: prints noted.txt true
//: prints closed
//: prints fs.watch(): '/nonexistent/x' cannot be watched ENOENT
var fs = require('fs'), folder = require('os').tmpdir() + 'watched-' + process.pid + '-' + Date.now();
fs.mkdirSync(folder);
var watcher = fs.watch(folder, function (kind, name) {
  if (this._seen) { return; }
  this._seen = true;
  console.log(name + ' ' + (this === watcher));
  this.close();
});
watcher.on('close', function () {
  console.log('closed');
  fs.unlinkSync(folder + '/noted.txt');
  fs.rmdirSync(folder);
  try { fs.watch('/nonexistent/x'); } catch (e) { console.log(e + ' ' + e.code); }
});
console.log(watcher._ObjectID + ' ' + (typeof watcher.close == 'function'));
fs.writeFileSync(folder + '/noted.txt', 'x');
