'use strict';

const test = require('node:test');
const assert = require('node:assert');
const fs = require('fs');
const os = require('os');
const path = require('path');
const { start } = require('meshlite:test');

test('three programs count what is there, and no shell reads the words', async (t) => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'pipeline-'));
    t.after(() => fs.rmSync(folder, { recursive: true }));
    for (const name of ['a.log', 'b.log', 'c.txt', '$(id)']) fs.writeFileSync(`${folder}/${name}`, '');
    const core = await start(t, { file: 'cores/pipeline.js' });
    assert.strictEqual(await core.console(`count ${folder} .log`), `2 names in ${folder} have .log`);
    assert.strictEqual(await core.console(`count ${folder} $(id)`), `1 names in ${folder} have $(id)`);
    assert.strictEqual(await core.console('count x'), 'Try: count FOLDER TEXT');
});
