//: exit 7
const emitter = new (require('events'))();
emitter.on('a', () => process.exit(7));
emitter.on('a', () => process.exit(8));
process.on('exit', (code) => {
    if (code !== 7) process.exit(9);
    // Nothing asynchronous comes after this, and a second exit does not begin anew.
    process.nextTick(() => process.exit(10));
    Promise.resolve().then(() => process.exit(11));
    setTimeout(() => process.exit(12), 0);
    process.exit(7);
});
try { emitter.emit('a'); } finally { process.exitCode = 13; }
process.exit(14);
