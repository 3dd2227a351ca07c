//: exit 3
const { spawn } = require('child_process');
const child = spawn('/bin/sleep', ['30'], { stdio: 'ignore' });
child.on('exit', () => process.exit(4));
const server = require('net').createServer(() => {}).listen(0, '127.0.0.1', () => {
    require('net').connect(server.address().port, '127.0.0.1');
    setInterval(() => process.exit(6), 1e6);
    setTimeout(() => { for (;;) process.exit(3); }, 0);
    process.nextTick(() => {});
});
server.on('close', () => process.exit(7));
