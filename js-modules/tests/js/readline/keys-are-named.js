//: prints a A:shift return tab c:ctrl up right:ctrl f1 b:meta delete tab:shift - escape:meta
const { emitKeypressEvents } = require('readline');
const { PassThrough } = require('stream');
const stream = new PassThrough(), seen = [];
emitKeypressEvents(stream, { escapeCodeTimeout: 20 });
stream.on('keypress', (text, key) => {
    const marks = ['ctrl', 'meta', 'shift'].filter((mark) => key[mark]);
    seen.push([key.name === 'a' ? text : key.name ?? '-', ...marks].join(':'));
    if (key.name === 'escape') { console.log(seen.join(' ')); stream.end(); }
});
stream.write('aA\r\t\x03\x1b[A\x1b[1;5C\x1bOP\x1bb\x1b[3~\x1b[Zé');
stream.write('\x1b');
