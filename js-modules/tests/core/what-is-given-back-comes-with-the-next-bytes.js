//: prints short abc
//: prints whole abcdefg
//: prints closed
//: real
var net = require('net'), s = net.createServer(), hold = [null, null];
s.connection = function (c) {
  hold[0] = c;
  c.data = function (b) {
    if (b.length < 6) { console.log('short ' + b); this.unshift(b); hold[1].write('defg'); return; }
    console.log('whole ' + b);
    this.end();
  };
};
s.listen({ port: 0, host: '127.0.0.1' });
hold[1] = net.connect({ port: s.address().port, host: '127.0.0.1' }, function () { this.write('abc'); });
hold[1].on('data', function () { });
hold[1].on('close', function () { console.log('closed'); s.close(); });
