//: prints uncaughtException boom
//: prints still here
process.on('uncaughtException', (error, origin) => console.log(origin, error.message));
setTimeout(() => console.log('still here'), 5);
throw new Error('boom');
