const { WebSocket, WebSocketServer } = require('ws');
const server = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: true });
server.on('connection', (socket, request) => {
    console.log('path', request.url, socket.protocol);
    socket.on('message', (data, binary) => (String(data) === 'bye' ? socket.close(4001, 'as asked') : socket.send(data, { binary })));
});
server.on('listening', () => {
    const client = new WebSocket(`ws://127.0.0.1:${server.address().port}/echo?x=1`, ['p1']);
    const messages = ['short', 'ü'.repeat(40000), Buffer.from([0, 1, 2, 255]), Buffer.alloc(200000, 7)];
    let at = 0;
    client.on('open', () => client.ping('are you there'));
    client.on('pong', (data) => { console.log('pong', String(data)); client.send(messages[0]); });
    client.on('message', (data, binary) => {
        console.log(binary, data.length, Buffer.compare(Buffer.from(messages[at]), data));
        at += 1;
        client.send(messages[at] ?? 'bye');
    });
    client.on('close', (code, reason) => { console.log('closed', code, String(reason)); server.close(() => console.log('server closed')); });
});
