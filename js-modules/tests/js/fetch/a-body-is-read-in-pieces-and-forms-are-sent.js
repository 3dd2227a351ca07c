const assert = require('assert');
const http = require('http');

const server = http.createServer((request, response) => {
    if (request.method === 'GET') { response.end(Buffer.alloc(300000, 1)); return; }
    response.setHeader('Content-Type', request.headers['content-type']);
    request.pipe(response);
});
server.listen(0, '127.0.0.1', async () => {
    const base = `http://127.0.0.1:${server.address().port}/`;
    let size = 0;
    for await (const piece of (await fetch(base)).body) {
        assert.ok(piece instanceof Uint8Array);
        size += piece.length;
    }
    assert.strictEqual(size, 300000);

    const form = new FormData();
    form.append('name', 'a "b"');
    form.append('file', new Blob(['bytes'], { type: 'text/plain' }), 'f.txt');
    const back = await (await fetch(base, { method: 'POST', body: form })).formData();
    assert.strictEqual(back.get('name'), 'a "b"');
    assert.strictEqual(back.get('file').name, 'f.txt');
    assert.strictEqual(await back.get('file').text(), 'bytes');

    const headers = new Headers([['b', '1'], ['A', '2'], ['b', '3']]);
    assert.deepStrictEqual([...headers], [['a', '2'], ['b', '1, 3']]);
    assert.throws(() => headers.set('a', 'x\ny'), TypeError);
    const reader = new Response('text').body.getReader();
    assert.strictEqual(new TextDecoder().decode((await reader.read()).value), 'text');
    assert.strictEqual((await reader.read()).done, true);
    server.close();
    server.closeAllConnections();
});
