'use strict';

const test = require('node:test');
const assert = require('node:assert');
const os = require('os');
const { start } = require('meshlite:test');

test('C says what the system says', async (t) => {
    const core = await start(t, { file: 'cores/sensor-ffi.js' });
    const seen = JSON.parse(await core.console('read'));
    assert.ok(Math.abs(seen.uptimeS - os.uptime()) < 30, `up for ${seen.uptimeS} s, not ${os.uptime()} s`);
    assert.ok(seen.freeMiB > 0 && seen.freeMiB <= os.totalmem() / 1048576, `${seen.freeMiB} MiB free`);
    assert.ok(seen.processes > 0 && seen.load >= 0, JSON.stringify(seen));
});
