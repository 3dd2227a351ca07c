// The broker that mqtt.js talks to: prints its port, ends when its input ends.
const broker = require('aedes')();
const server = require('net').createServer(broker.handle).listen(0, '127.0.0.1', () => console.log(server.address().port));
process.stdin.on('end', () => process.exit(0)).resume();
