//: prints paused true
//: prints resumed
//: prints data abctail
//: prints end
//: prints close
//: real
var net = require('net'), s = net.createServer(), hold = [], all = '';
s.connection = function (c) {
  c.pause();
  c.on('data', function (b) { all += b; });
  console.log('paused ' + c.isPaused());
  c.on('end', function () { console.log('data ' + all); console.log('end'); });
  c.on('close', function () { console.log('close'); s.close(); });
  hold.push(c);
};
s.listen({ port: 0, host: '127.0.0.1' });
var c = net.connect({ port: s.address().port, host: '127.0.0.1' }, function () { this.write('abc'); this.end('tail'); });
c.on('data', function () { });
c.on('finish', function () { hold.push(setTimeout(function () { console.log('resumed'); hold[0].resume(); }, 500)); });
