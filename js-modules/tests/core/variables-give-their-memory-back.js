//: prints true
// 1.6 GB pass through; what dies is freed. Other tests share this process, so the bound is wide.
var GM = require('_GenericMarshal'), fs = require('fs');
function resident() { return Number(fs.readFileSync('/proc/self/statm').toString().split(' ')[1]) * 4096; }
var before = resident(), most = 0;
for (var i = 0; i < 400; i++) {
  GM.CreateVariable(4 << 20).toBuffer().fill(i & 255);
  most = Math.max(most, resident());
}
console.log(most - before < (600 << 20) || (most - before));
