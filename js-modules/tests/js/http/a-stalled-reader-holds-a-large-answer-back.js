const assert = require('assert');
const http = require('http');

const PIECE = Buffer.alloc(64 * 1024, 7), TOTAL = 64 * 1024 * 1024;
let sent = 0, most = 0, response;
const server = http.createServer((request, answer) => {
    response = answer;
    const more = () => {
        while (sent < TOTAL) {
            sent += PIECE.length;
            const room = answer.write(PIECE);
            most = Math.max(most, answer.writableLength);
            if (!room) { answer.once('drain', more); return; }
        }
        answer.end();
    };
    more();
});
server.listen(0, '127.0.0.1', () => {
    http.get({ port: server.address().port, host: '127.0.0.1', agent: false }, (incoming) => {
        let got = 0, before = -1;
        // Nobody reads until the writer stands still.
        const look = setInterval(() => {
            if (sent !== before) { before = sent; return; }
            clearInterval(look);
            assert.ok(sent < TOTAL / 2, `the writer ran ahead: ${sent}`);
            incoming.on('data', (d) => { got += d.length; });
            incoming.on('end', () => {
                assert.strictEqual(got, TOTAL);
                assert.ok(most < 4 * PIECE.length, `too much was queued: ${most}`);
                assert.strictEqual(response.writableFinished, true);
                server.close();
            });
        }, 50);
    });
});
