'use strict';

const assert = require('assert');
const { PassThrough } = require('stream');
const repl = require('repl');

const input = new PassThrough();
const output = new PassThrough();
let text = '';
output.setEncoding('utf8').on('data', (part) => { text += part; });
const server = repl.start({ input, output, terminal: false, prompt: '> ' });
// The input ends while the fifth line waits: from there on no prompt is shown.
server.on('exit', () => {
    assert.deepStrictEqual(text.split('\n'), [
        '> 42', '> 43', '> ... [ 1, 2 ]', '> 9', 'undefined', "'two lines'", 'Uncaught 5', 'Invalid REPL keyword', '> ',
    ]);
});
const lines = ['6 * 7', '_ + 1', '[1,', '2]', 'await Promise.resolve(9)', 'const { q } = await { q: "two lines" }', 'q', 'throw 5', '.nothing', '.exit'];
input.end(`${lines.join('\n')}\n`);
