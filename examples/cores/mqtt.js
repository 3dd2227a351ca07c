/* meshlite-core
{ "name": "mqtt", "version": "1.0.0", "permissions": { "net": ["127.0.0.1"] } }
*/
'use strict';

// A tiny MQTT 3.1.1 client over a plain socket: says hello on `devices/NAME/up` and turns what arrives on
// `devices/NAME/say` into events. Settings: `mqttPort` (1883), `mqttName`. Section numbers are of the MQTT standard.

const agent = require('MeshAgent');
const net = require('node:net');

const name = _MSH().mqttName || 'meshlite';
const MAX_PACKET = 65536;
let socket = null;
let waiting = Buffer.alloc(0);

const text = (value) => Buffer.concat([Buffer.from([value.length >> 8, value.length & 255]), Buffer.from(value)]); // 1.5.3

function packet(head, ...parts) { // 2.2
    const body = Buffer.concat(parts);
    const length = [];
    for (let n = body.length; length.push(n > 127 ? n % 128 | 128 : n), n > 127;) n = Math.floor(n / 128);
    socket.write(Buffer.concat([Buffer.from([head, ...length]), body]));
}

const publish = (topic, value) => packet(0x30, text(topic), Buffer.from(value)); // 3.3, at most once

function arrived(head, body) {
    if (head >> 4 === 2) { // 3.2 CONNACK
        if (body[1] !== 0) return socket.destroy(new Error(`the broker refused: ${body[1]}`));
        packet(0x82, Buffer.from([0, 1]), text(`devices/${name}/say`), Buffer.from([0])); // 3.8 SUBSCRIBE
        publish(`devices/${name}/up`, 'hello');
    } else if (head >> 4 === 3) {
        const end = 2 + body.readUInt16BE(0);
        const msg = `${body.toString('utf8', 2, end)}: ${body.toString('utf8', end)}`;
        agent.SendCommand({ action: 'log', msg: msg.slice(0, 500) });
    }
}

function take(chunk) {
    waiting = Buffer.concat([waiting, chunk]);
    while (waiting.length >= 2) {
        let at = 1, length = 0, more = true;
        for (let scale = 1; more && at < waiting.length && at < 5; scale *= 128) {
            length += (waiting[at] & 127) * scale;
            more = waiting[at++] > 127;
        }
        if (length > MAX_PACKET || (more && at === 5)) return socket.destroy(new Error('a packet is too large'));
        if (more || waiting.length < at + length) return;
        arrived(waiting[0], waiting.subarray(at, at + length));
        waiting = waiting.subarray(at + length);
    }
}

function connect() {
    waiting = Buffer.alloc(0);
    socket = net.connect(Number(_MSH().mqttPort || 1883), '127.0.0.1', () => {
        packet(0x10, text('MQTT'), Buffer.from([4, 2, 0, 60]), text(name)); // 3.1: clean session, keep alive 60 s
    });
    const ping = setInterval(() => packet(0xC0), 45000); // 3.12
    socket.on('data', take);
    socket.on('error', (error) => console.error(error.message));
    socket.on('close', () => { clearInterval(ping); setTimeout(connect, Number(_MSH().retryMs || 10000)); });
}
connect();
