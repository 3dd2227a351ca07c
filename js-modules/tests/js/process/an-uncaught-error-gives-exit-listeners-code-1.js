//: exit 1
//: uncaught Error: boom
//: prints exit 1
process.on('exit', (code) => console.log('exit', code));
setTimeout(() => {
    throw new Error('boom');
}, 1);
