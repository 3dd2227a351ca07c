//: prints true
//: prints null SIGTERM true
//: prints false
const child = require('child_process').spawn('sleep', ['60']);
child.on('exit', (code, signal) => {
    console.log(code, signal, child.killed);
    console.log(child.kill());
});
console.log(child.kill('SIGTERM'));
