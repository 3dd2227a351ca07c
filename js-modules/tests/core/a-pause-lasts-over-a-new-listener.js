//: prints listening, paused true
//: prints nothing yet
//: prints got c
//: prints got data
// A TCP relay pauses its tunnel, adds its listener, and resumes when the target is connected.
var http = require('http'), server = http.createServer(), hold = [], all = [];
server.on('upgrade', function (request, socket) {
  hold.push(socket.upgradeWebSocket());
  hold[0].on('data', function () { });
  hold[0].write('c');
  hold[0].write(Buffer.from('data'));
});
server.on('listening', function () {
  var asked = http.request({ host: '127.0.0.1', port: server.address().port, path: '/ws', protocol: 'ws:', method: 'GET' });
  asked.upgrade = function (response, tunnel) {
    tunnel.pause();
    tunnel.data = function (d) {
      all.push(d);
      console.log('got ' + d);
      if (all.length == 2) { tunnel.end(); server.close(); }
    };
    console.log('listening, paused ' + tunnel.isPaused());
    hold.push(setTimeout(function () {
      console.log(all.length == 0 ? 'nothing yet' : 'too early');
      tunnel.resume();
    }, 300));
  };
  asked.end();
});
server.listen({ port: 0, host: '127.0.0.1' });
