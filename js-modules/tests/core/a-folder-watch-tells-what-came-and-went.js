//: prints change one {"changeType":"ADDED"}
//: prints change one {"changeType":"REMOVED"}
//: prints again change one {"changeType":"REMOVED"}
//: real
var fs = require('fs'), path = process.cwd() + 'watched-' + process.pid, last, hold;
fs.mkdirSync(path);
var w = fs.watch(path, function (event, name, info) {
  if (event !== 'change') { return; }
  last = event + ' ' + name + ' ' + JSON.stringify(info);
  console.log(last);
  if (info.changeType == 'ADDED') { hold = setTimeout(function () { fs.rmdirSync(path + '/one'); }, 50); }
});
w.change = function (event, name, info) {
  if (info.changeType != 'REMOVED') { return; }
  console.log('again ' + last);
  hold = setTimeout(function () { w.close(); fs.rmdirSync(path); }, 50);
};
fs.mkdirSync(path + '/one');
