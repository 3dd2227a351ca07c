//: prints head+body
//: prints text Buffer
//: prints no text: 1
//: prints end
var stream = require('stream');
var r = new stream.Readable({ read: function () { } });
r.on('data', function (chunk) {
  if (chunk.length < 9) { this.unshift(chunk); return; }
  console.log(chunk.toString());
});
setTimeout(function () {
  r.push('head+');
  r.push('body');
  var s = new stream.Readable({ read: function () { } }), kinds = [];
  s.on('data', function (c) { kinds.push(typeof c == 'string' ? 'text' : 'Buffer'); });
  s.resume();
  setTimeout(function () {
    s.push('a'); s.push(Buffer.from('b'));
    console.log(kinds.join(' '));
    var p = new stream.Readable({ read: function () { } }), n = 0;
    p.pipe(new stream.Writable({ write: function (c, flush) { n++; flush(); return true; }, final: function (flush) { flush(); console.log('end'); } }), { dataTypeSkip: 1 });
    setTimeout(function () { p.push('skipped'); p.push(Buffer.from('x')); console.log('no text: ' + n); p.push(null); }, 10);
  }, 10);
}, 10);
