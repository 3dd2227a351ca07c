const assert = require('assert');
const fs = require('fs');
const real = Promise.prototype.then;
const RealPromise = Promise;
let turns = 0;
let rejected = 0;
process.on('unhandledRejection', () => rejected++);
Promise.prototype.then = function () { throw new Error('no then'); };
globalThis.Promise = function () { throw new Error('no Promise'); };
for (const run of [() => fs.promises.readFile(__filename), () => import('path'), () => (async () => { await 1; })(),
    () => require('timers/promises').setTimeout(1), () => new RealPromise((resolve) => resolve(1)).catch(() => {})]) {
    try { run(); } catch (error) { assert(error instanceof Error); }
}
setTimeout(() => {
    turns++;
    globalThis.Promise = RealPromise;
    Promise.prototype.then = real;
    fs.promises.readFile(__filename, 'utf8').then((text) => {
        assert.match(text, /RealPromise/);
        turns++;
    });
}, 5);
process.on('exit', () => assert.strictEqual(turns, 2));
