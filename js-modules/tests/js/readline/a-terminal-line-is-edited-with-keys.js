//: prints ["aXbc","hello","hello!","one two ","one two "]
const readline = require('readline');
const { PassThrough } = require('stream');
const input = new PassThrough(), output = new PassThrough();
output.resume();
const words = ['hello', 'help', 'quit'];
const rl = readline.createInterface({ input, output, terminal: true, completer: (line) => [words.filter((w) => w.startsWith(line)), line] });
const lines = [];
rl.on('line', (line) => lines.push(line));
rl.on('close', () => console.log(JSON.stringify(lines)));
// Left, left, insert; then history, and killing, beginning of line, yanking.
for (const key of ['abc', '\x1b[D', '\x1b[D', 'X', '\r', 'he', '\t']) input.write(key);
const wait = () => {
    if (rl.line !== 'hel') { setImmediate(wait); return; }
    for (const key of ['lo\r', '\x1b[A', '!\r', 'one two three', '\x17', '\x01', '\x0b', '\x19\r', '\x10\r']) input.write(key);
    input.end();
};
wait();
