//: prints REQ POST /p?q z http.IncomingMessage
//: prints got hellox
//: prints RESP 201 Yes b r true
//: prints text abcdef
// Listeners are set by assignment; names of fields keep their case.
var http = require('http');
var s = http.createServer();
s.on('request', function (q, p) {
  console.log('REQ ' + q.method + ' ' + q.url + ' ' + q.headers['X-Y'] + ' ' + q._ObjectID);
  q.text = '';
  q.data = function (d) { this.text += d.toString(); };
  q.end = function () {
    console.log('got ' + this.text);
    p.setHeader('X-A', 'b');
    p.writeHead(201, 'Yes', { Q: 'r' });
    p.write('abc');
    p.end('def');
  };
});
s.on('listening', function () {
  var q = http.request({ host: '127.0.0.1', port: s.address().port, path: '/p?q', method: 'POST', headers: { 'X-Y': 'z' }, protocol: 'http:' }, function (resp) {
    console.log('RESP ' + resp.statusCode + ' ' + resp.statusMessage + ' ' + resp.headers['X-A'] + ' ' + resp.headers.Q + ' ' + (this === q));
    resp.text = '';
    resp.data = function (d) { this.text += d.toString(); };
    resp.end = function () { console.log('text ' + this.text); s.close(); };
  });
  q.write('hello');
  q.end('x');
});
s.listen({ port: 0, host: '127.0.0.1' });
