//: uncaught second
//: exit 7
process.on('uncaughtException', (error) => { throw new Error('second, after ' + error.message); });
setTimeout(() => { throw new Error('first'); }, 1);
setTimeout(() => process.exit(0), 50);
