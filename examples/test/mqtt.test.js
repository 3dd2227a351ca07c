'use strict';

const test = require('node:test');
const assert = require('node:assert');
const net = require('net');
const { start } = require('meshlite:test');

// Enough of a broker for one client whose packets are shorter than 128 bytes.
async function broker(t) {
    const packets = [], waiters = [];
    const next = () => (packets.length ? Promise.resolve(packets.shift()) : new Promise((resolve) => waiters.push(resolve)));
    const server = net.createServer((socket) => {
        server.client = socket;
        let bytes = Buffer.alloc(0);
        socket.on('error', () => {});
        socket.on('data', (chunk) => {
            bytes = Buffer.concat([bytes, chunk]);
            while (bytes.length >= 2 && bytes.length >= 2 + bytes[1]) {
                const one = { kind: bytes[0] >> 4, body: bytes.subarray(2, 2 + bytes[1]).toString('latin1') };
                bytes = bytes.subarray(2 + bytes[1]);
                if (waiters.length) waiters.shift()(one); else packets.push(one);
            }
        });
    });
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
    t.after(() => { server.client?.destroy(); server.close(); });
    return { server, next };
}

test('it connects, subscribes, publishes, hears, and comes back', async (t) => {
    const { server, next } = await broker(t);
    const core = await start(t, {
        file: 'cores/mqtt.js', settings: { mqttPort: server.address().port, mqttName: 'pi', retryMs: 10 },
    });
    assert.deepStrictEqual(await next(), { kind: 1, body: '\0\x04MQTT\x04\x02\0<\0\x02pi' });
    server.client.write(Buffer.from([0x20, 2, 0, 0]));
    assert.deepStrictEqual(await next(), { kind: 8, body: '\0\x01\0\x0edevices/pi/say\0' });
    assert.deepStrictEqual(await next(), { kind: 3, body: '\0\x0ddevices/pi/uphello' });
    const said = Buffer.from('\x30\x12\0\x0edevices/pi/sayhi', 'latin1');
    server.client.write(said.subarray(0, 5)); // in two parts
    setImmediate(() => server.client.write(said.subarray(5)));
    assert.strictEqual((await core.receive('log')).msg, 'devices/pi/say: hi');
    server.client.destroy();
    assert.strictEqual((await next()).kind, 1);
});
