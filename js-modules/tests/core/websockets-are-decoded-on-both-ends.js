//: prints upgraded websocket 101 null http.WebSocketStream.decoded
//: prints S ping
//: prints S string héllo
//: prints C string text
//: prints C object bin
//: prints both ended, counted true true
// Text frames are strings, binary ones Buffers, in both directions.
var http = require('http'), left = 3, client;
var s = http.createServer();
function done() {
  if (--left > 0) { return; }
  console.log('both ended, counted ' + (client.bytesReceived_uncompressed == 7) + ' ' + (client.bytesSent_actual > client.bytesSent_uncompressed));
  s.close();
}
s.on('upgrade', function (request, socket, head) {
  var w = socket.upgradeWebSocket();
  w.on('ping', function () { console.log('S ping'); });
  w.on('data', function (d) { console.log('S ' + typeof d + ' ' + d); w.write('text'); w.write(Buffer.from('bin')); });
  w.on('end', done);
});
s.on('listening', function () {
  var w = http.request({ host: '127.0.0.1', port: s.address().port, path: '/ws', protocol: 'ws:', method: 'GET' });
  w.upgrade = function (res, sock, head) {
    client = sock;
    console.log('upgraded ' + res.headers.Upgrade + ' ' + res.statusCode + ' ' + head + ' ' + sock._ObjectID);
    sock.on('data', function (d) { console.log('C ' + typeof d + ' ' + d); if (typeof d != 'string') { sock.end(); } });
    sock.on('end', done);
    sock.on('close', done);
    sock.ping();
    sock.write('h\u00e9llo');
  };
  w.end();
});
s.listen({ port: 0, host: '127.0.0.1' });
