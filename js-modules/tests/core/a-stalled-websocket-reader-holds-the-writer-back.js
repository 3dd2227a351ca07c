//: prints the writer waits
//: prints 64 MB came, all in order
// Nothing is read from a socket whose stream is paused, so its writer gets false and waits for `drain`.
var http = require('http');
var total = 64 * 1024 * 1024, piece = Buffer.alloc(65536), sent = 0;
var s = http.createServer();
s.on('upgrade', function (request, socket) {
  var w = socket.upgradeWebSocket();
  w.on('data', function () {});
  w.more = function () {
    while (sent < total) {
      piece.writeUInt32LE(sent, 0);
      sent += piece.length;
      if (w.write(Buffer.from(piece)) === false) { return; }
    }
    w.end();
  };
  w.on('drain', w.more);
  w.more();
});
s.on('listening', function () {
  var q = http.request({ host: '127.0.0.1', port: s.address().port, path: '/', protocol: 'ws:' });
  q.upgrade = function (res, sock) {
    var got = 0, wrong = 0, before = -1;
    sock.on('data', function (d) { if (d.readUInt32LE(0) != got) { wrong++; } got += d.length; });
    sock.on('end', function () {
      console.log(got == total && wrong == 0 ? '64 MB came, all in order' : 'got ' + got + ', ' + wrong + ' wrong');
      s.close();
    });
    sock.pause();
    // Until the writer stands still.
    var look = setInterval(function () {
      if (sent != before) { before = sent; return; }
      clearInterval(look);
      console.log(sent < total / 2 ? 'the writer waits' : 'the writer ran ahead: ' + sent);
      sock.resume();
    }, 50);
  };
  q.end();
});
s.listen({ port: 0, host: '127.0.0.1' });
