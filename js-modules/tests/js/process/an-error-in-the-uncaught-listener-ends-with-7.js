//: exit 7
//: uncaught Error: second
process.on('uncaughtException', () => {
    throw new Error('second');
});
throw new Error('first');
