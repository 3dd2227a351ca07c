//: prints once 1,2
//: prints on a
//: prints on b
//: prints ended
//: prints failed broken
const EventEmitter = require('events');
const { once, on } = EventEmitter;
const e = new EventEmitter();
(async () => {
    setTimeout(() => e.emit('x', 1, 2), 1);
    console.log('once', (await once(e, 'x')).join());
    setTimeout(() => {
        e.emit('y', 'a');
        e.emit('y', 'b');
        e.emit('close');
    }, 1);
    for await (const [v] of on(e, 'y', { close: ['close'] })) console.log('on', v);
    console.log('ended');
    setTimeout(() => e.emit('error', new Error('broken')), 1);
    await once(e, 'never').catch((error) => console.log('failed', error.message));
})();
