//: prints connect
//: prints end
//: prints close
//: real
// Cores count on it: without a listener for errors a refusal is a connection that ends at once.
var net = require('net'), s = net.createServer();
s.listen({ port: 0, host: '127.0.0.1' });
var port = s.address().port;
s.close();
var c = net.createConnection({ port: port, host: '127.0.0.1' }, function () { console.log('connect'); });
c.on('end', function () { console.log('end'); });
c.on('close', function () { console.log('close'); });
