'use strict';

const test = require('node:test');
const assert = require('node:assert');
const { start } = require('meshlite:test');

test('the status page is there, and no other', async (t) => {
    const core = await start(t, { file: 'cores/serve-http.js', settings: { httpPort: 0 } });
    const [url] = /http:\S+/.exec(await core.logged('serving'));
    const status = await (await fetch(url)).json();
    assert.deepStrictEqual([status.core, status.servedRequests, status.connected], ['serve-http 1.0', 1, true]);
    assert.ok(status.load >= 0);
    assert.strictEqual((await fetch(new URL('/etc/passwd', url))).status, 404);
    assert.strictEqual((await fetch(url, { method: 'POST', body: 'x' })).status, 404);
    assert.strictEqual((await (await fetch(url)).json()).servedRequests, 2);
});
