'use strict';

const test = require('node:test');
const assert = require('node:assert');
const fs = require('fs');
const os = require('os');
const path = require('path');
const { start } = require('meshlite:test');

test('a file that is written and removed is reported', async (t) => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'watched-'));
    t.after(() => fs.rmSync(folder, { recursive: true }));
    const core = await start(t, {
        file: 'cores/watch-folder.js', settings: { watch: folder, quietMs: 20 }, grant: { 'fs.read': [folder] },
    });
    await core.receive('coreinfo');
    fs.writeFileSync(`${folder}/a.txt`, 'twelve bytes');
    assert.strictEqual((await core.receive('log')).msg, `${folder}/a.txt has 12 bytes now`);
    fs.unlinkSync(`${folder}/a.txt`);
    assert.strictEqual((await core.receive('log')).msg, `${folder}/a.txt was removed`);
});

test('a folder that is not granted is refused by name', async (t) => {
    await assert.rejects(start(t, { file: 'cores/watch-folder.js', settings: { watch: '/root' } }), /fs\.read.*\/root/s);
});
