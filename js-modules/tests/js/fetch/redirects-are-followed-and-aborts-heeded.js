const assert = require('assert');
const http = require('http');

const server = http.createServer((request, response) => {
    if (request.url === '/loop') { response.writeHead(302, { Location: '/loop' }); response.end(); return; }
    if (request.url === '/go') { response.writeHead(303, { Location: '/end' }); response.end(); return; }
    if (request.url === '/slow') return;
    response.setHeader('Content-Type', 'application/json');
    response.end(JSON.stringify({ url: request.url, method: request.method }));
});
server.listen(0, '127.0.0.1', async () => {
    const base = `http://127.0.0.1:${server.address().port}`;
    const answer = await fetch(`${base}/go`, { method: 'POST', body: 'x' });
    assert.strictEqual(answer.redirected, true);
    assert.strictEqual(answer.url, `${base}/end`);
    assert.deepStrictEqual(await answer.json(), { url: '/end', method: 'GET' });
    assert.strictEqual(answer.bodyUsed, true);
    await assert.rejects(answer.text(), TypeError);

    await assert.rejects(fetch(`${base}/loop`), { name: 'TypeError', message: 'fetch failed' });
    assert.strictEqual((await fetch(`${base}/loop`, { redirect: 'manual' })).status, 302);
    const controller = new AbortController();
    const waiting = fetch(`${base}/slow`, { signal: controller.signal });
    setTimeout(() => controller.abort(), 20);
    await assert.rejects(waiting, { name: 'AbortError' });
    await assert.rejects(fetch('http://127.0.0.1:1/'), (e) => e.cause.code === 'ECONNREFUSED');
    server.close();
    server.closeAllConnections();
});
