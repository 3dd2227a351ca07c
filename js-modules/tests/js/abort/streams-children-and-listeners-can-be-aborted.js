const assert = require('assert');
const { Readable, addAbortSignal } = require('stream');
const { spawn, exec } = require('child_process');
const { getEventListeners } = require('events');
const controller = new AbortController();
const { signal } = controller;
const seen = [];
const note = (name) => (error) => {
    assert.deepStrictEqual([error.name, error.code, error.cause], ['AbortError', 'ABORT_ERR', 'enough'], name);
    seen.push(name);
};
addAbortSignal(signal, new Readable({ read() {} })).on('error', note('added'));
new Readable({ read() {}, signal }).on('error', note('option'));
spawn('sleep', ['30'], { signal }).on('error', note('spawn')).on('exit', (code, by) => seen.push(by));
exec('sleep 30', { signal }, note('exec'));
const over = new Readable({ read() { this.push(null); }, signal });
over.resume().on('close', () => {
    const before = getEventListeners(signal, 'abort').length;
    assert.ok(before >= 3, `${before}`);
    controller.abort('enough');
});
process.on('exit', () => assert.deepStrictEqual(seen.sort(), ['SIGTERM', 'added', 'exec', 'option', 'spawn']));
