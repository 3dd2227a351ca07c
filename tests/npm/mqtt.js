const mqtt = require('mqtt');
const url = `mqtt://127.0.0.1:${process.argv[2]}`;
const seen = [];
const listener = mqtt.connect(url, { clientId: 'listener', reconnectPeriod: 0 });
listener.on('error', (error) => { console.log('error', error.message); process.exit(1); });
listener.on('message', (topic, payload, packet) => {
    seen.push([topic, payload.length < 50 ? payload.toString() : payload.length, packet.qos, packet.retain]);
    if (seen.length < 4) return;
    seen.sort();
    console.log(seen);
    speaker.end(() => listener.end(() => console.log('ended')));
});
let speaker;
listener.on('connect', () => listener.subscribe({ 'a/+': { qos: 1 }, 'b/#': { qos: 2 } }, (error, granted) => {
    console.log(error, granted.map(({ topic, qos }) => [topic, qos]));
    speaker = mqtt.connect(url, { clientId: 'speaker', reconnectPeriod: 0, will: { topic: 'b/will', payload: 'gone' } });
    speaker.on('connect', async () => {
        await speaker.publishAsync('a/x', 'zero');
        await speaker.publishAsync('a/y', 'one', { qos: 1 });
        await speaker.publishAsync('b/x/y', Buffer.alloc(70000, 'x'), { qos: 2 });
        await speaker.publishAsync('c/x', 'nobody');
        await speaker.publishAsync('b/z', 'ü');
    });
}));
