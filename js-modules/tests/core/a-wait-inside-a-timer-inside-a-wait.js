//: prints outer begins
//: prints inner begins
//: prints tick
//: prints inner out
//: prints outer out
function run(script) {
  var c = require('child_process').execFile('/bin/sh', ['sh', '-c', script]);
  c.stdout.str = '';
  c.stdout.on('data', function (d) { this.str += d.toString(); });
  c.waitExit();
  return c.stdout.str.trim();
}
setTimeout(function () {
  console.log('inner begins');
  setTimeout(function () { console.log('tick'); }, 10);
  console.log('inner ' + run('sleep 0.2; echo out'));
}, 20);
console.log('outer begins');
console.log('outer ' + run('sleep 0.1; echo out'));
