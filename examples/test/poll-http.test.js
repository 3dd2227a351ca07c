'use strict';

const test = require('node:test');
const assert = require('node:assert');
const http = require('http');
const { start } = require('meshlite:test');

test('a service that falls ill, recovers and goes is reported once each', async (t) => {
    let status = 200;
    const server = http.createServer((request, response) => { response.statusCode = status; response.end('x'); });
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
    t.after(() => server.close());
    const pollUrl = `http://127.0.0.1:${server.address().port}/`;
    const core = await start(t, { file: 'cores/poll-http.js', settings: { pollUrl, pollMs: 10 } });
    assert.match((await core.receive('log')).msg, /is well; before: not asked yet$/);
    status = 503;
    assert.match((await core.receive('log')).msg, /is ill \(HTTP 503\); before: well$/);
    status = 200;
    assert.match((await core.receive('log')).msg, /is well; before: ill/);
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    assert.match((await core.receive('log')).msg, /is away \(E\w+\); before: well$/);
    assert.match(await core.console('?'), /is away/);
});
