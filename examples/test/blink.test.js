'use strict';

const test = require('node:test');
const assert = require('node:assert');
const fs = require('fs');
const os = require('os');
const path = require('path');
const { start } = require('meshlite:test');

test('the line goes on, off, and on and off by itself', async (t) => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'gpio-'));
    t.after(() => fs.rmSync(folder, { recursive: true }));
    fs.mkdirSync(`${folder}/gpio4`); // what the kernel does after a write to `export`
    const value = () => fs.readFileSync(`${folder}/gpio4/value`, 'utf8');
    const core = await start(t, {
        file: 'cores/blink.js',
        settings: { gpio: 4, gpioFolder: folder, blinkMs: 5 },
        grant: { 'fs.read': [folder], 'fs.write': [folder] },
    });
    assert.strictEqual((await core.receive('coreinfo')).value, 'blink 1.0 on GPIO 4');
    assert.strictEqual(fs.readFileSync(`${folder}/gpio4/direction`, 'utf8'), 'out');
    assert.strictEqual(await core.console('on'), 'on');
    assert.strictEqual(value(), '1');
    assert.strictEqual(await core.console('off'), 'off');
    assert.strictEqual(value(), '0');
    assert.strictEqual(await core.console('blink'), 'blinking every 5 ms');
    const seen = new Set();
    for (const until = Date.now() + 5000; seen.size < 2 && Date.now() < until;) {
        seen.add(value());
        await new Promise((resolve) => setTimeout(resolve, 2));
    }
    assert.ok(seen.has('0') && seen.has('1'), `only ${[...seen]} was seen`);
});
