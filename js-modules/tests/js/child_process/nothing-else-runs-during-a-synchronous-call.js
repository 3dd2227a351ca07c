//: prints sync
//: prints timer
setTimeout(() => console.log('timer'), 1);
require('child_process').execSync('sleep 0.1');
console.log('sync');
