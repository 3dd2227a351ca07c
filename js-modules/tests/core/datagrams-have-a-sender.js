//: prints bound 127.0.0.1 true
//: prints message 3 127.0.0.1 IPv4 3 true true
//: prints message 5 127.0.0.1 IPv4 5 true true
//: prints sent
//: prints closed
var dgram = require('dgram'), a = dgram.createSocket({ type: 'udp4', reuseAddr: true }), b = dgram.createSocket({ type: 'udp4' });
a.bind({ address: '127.0.0.1', port: 0 });
b.bind({ port: 0 });
b.setBroadcast(true);
b.setMulticastTTL(1);
b.setMulticastLoopback(true);
b.setMulticastInterface('127.0.0.1');
b.addMembership('239.1.2.3', '127.0.0.1');
var to = a.address().port, from = b.address().port, n = 0, sent = false;
console.log('bound ' + a.address().address + ' ' + (to > 0 && from > 0));
a.on('message', function (d, r) {
  console.log('message ' + d.length + ' ' + r.address + ' ' + r.family + ' ' + r.size + ' ' + (r.port == from) + ' ' + (this === a));
  if (++n == 1) { b.send(Buffer.from('xxthreexx'), 2, 5, to, '127.0.0.1', function () { sent = true; }); }
  if (n == 2) { console.log(sent ? 'sent' : 'not told'); b.close(); this.close(); }
});
a.on('close', function () { console.log('closed'); });
b.send('one', to, '127.0.0.1');
