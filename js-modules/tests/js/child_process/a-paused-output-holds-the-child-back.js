//: prints true
//: prints 5000000
const child = require('child_process').spawn('sh', ['-c', 'head -c 5000000 /dev/zero']);
let length = 0;
child.stdout.pause();
setTimeout(() => {
    console.log(child.exitCode === null && child.stdout.readableLength < 500000);
    child.stdout.on('data', (part) => { length += part.length; }).resume();
}, 150);
child.on('close', () => console.log(length));
