//: prints captured late
const EventEmitter = require('events');
const e = new EventEmitter({ captureRejections: true });
e.on('x', async () => {
    throw new Error('late');
});
e.on('error', (error) => console.log('captured', error.message));
e.emit('x');
