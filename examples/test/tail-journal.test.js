'use strict';

const test = require('node:test');
const assert = require('node:assert');
const fs = require('fs');
const os = require('os');
const path = require('path');
const { start } = require('meshlite:test');

test('lines that are added come as events, also after the file was rotated', async (t) => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'journal-'));
    t.after(() => fs.rmSync(folder, { recursive: true }));
    const file = `${folder}/syslog`;
    fs.writeFileSync(file, 'an old line\n');
    const core = await start(t, { file: 'cores/tail-journal.js', settings: { logFile: file }, grant: { 'fs.read': [folder] } });
    await core.receive('coreinfo');
    fs.appendFileSync(file, 'disk on fire\nand');
    assert.strictEqual((await core.receive('log')).msg, 'disk on fire');
    fs.appendFileSync(file, ' the rest\n');
    assert.strictEqual((await core.receive('log')).msg, 'and the rest');
    fs.truncateSync(file, 0);
    fs.appendFileSync(file, 'new\n');
    assert.strictEqual((await core.receive('log')).msg, 'new');
});
