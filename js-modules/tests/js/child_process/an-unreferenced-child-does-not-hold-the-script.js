//: prints end
require('child_process').spawn('sleep', ['60'], { stdio: 'ignore' }).unref();
console.log('end');
