//: prints connected 127.0.0.1 true
//: prints echoed hello
//: prints target ended
//: prints server closed
//: real
// What meshcore's TCP relay is made of: a connection, a pipe each way, `first` and `peerindex` as plain properties.
var net = require('net'), server = net.createServer(), hold = [];
server.on('connection', function (c) { hold.push(c); c.pipe(c); });
server.on('close', function () { console.log('server closed'); });
server.listen({ port: 0, host: '127.0.0.1' });
var port = server.address().port;
var target = net.createConnection({ port: port, host: '127.0.0.1' }, function () {
  console.log('connected ' + this.remoteAddress + ' ' + (this.remotePort == port && this.peerindex == 7));
  this.write('hello');
});
target.peerindex = 7;
target.on('data', function (d) { console.log('echoed ' + d); this.end(); });
target.on('close', function () { console.log('target ended'); server.close(); });
