//: prints one IPv4 3 127.0.0.1
//: prints null 3 | two true
//: prints closed
const dgram = require('dgram');
const a = dgram.createSocket('udp4'), b = dgram.createSocket('udp4');
const done = [];
const finish = (at, text) => {
    done[at] = text;
    if (done[0] === undefined || done[1] === undefined) return;
    console.log(done.join(' | '));
    a.close();
    b.close(() => console.log('closed'));
};
a.once('message', (data, from) => {
    console.log(String(data), from.family, from.size, from.address);
    b.connect(a.address().port, () => {
        a.once('message', (data) => finish(1, `${data} ${b.remoteAddress().port === a.address().port}`));
        b.send('two', (error, count) => finish(0, `${error} ${count}`));
    });
});
a.bind(0, '127.0.0.1', () => b.send(['o', 'ne'], a.address().port, 'localhost'));
