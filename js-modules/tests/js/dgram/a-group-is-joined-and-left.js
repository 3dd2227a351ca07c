//: prints to the group
const assert = require('assert');
const dgram = require('dgram');
const socket = dgram.createSocket({ type: 'udp4', reuseAddr: true });
socket.on('message', (data) => {
    console.log(String(data));
    socket.dropMembership('239.255.77.77', '127.0.0.1');
    assert.throws(() => socket.dropMembership('239.255.77.77', '127.0.0.1'), { code: 'EADDRNOTAVAIL' });
    socket.close();
});
socket.bind(0, () => {
    socket.addMembership('239.255.77.77', '127.0.0.1');
    socket.setMulticastInterface('127.0.0.1');
    socket.setMulticastTTL(1);
    socket.setMulticastLoopback(true);
    socket.send('to the group', socket.address().port, '239.255.77.77');
});
