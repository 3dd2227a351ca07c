//: prints nope true
const p = Promise.reject(new Error('nope'));
process.on('unhandledRejection', (reason, promise) => console.log(reason.message, promise === p));
