//: prints object null 4 null
//: prints ["30 90","vt100","40 100"]
const { spawn } = require('child_process');
const child = spawn('sh', [], { pty: { rows: 30, cols: 90, name: 'vt100' }, env: { PATH: process.env.PATH, PS1: '' } });
let shown = '', resized = false;
child.stdout.on('data', (data) => {
    shown += data;
    if (!resized && shown.includes('go!')) {
        resized = true;
        child.resize(40, 100);
        child.stdin.write('stty size; exit 4\n');
    }
});
child.on('close', (code, signal) => {
    console.log(typeof child.stdout, child.stderr, code, signal);
    console.log(JSON.stringify(shown.match(/\d+ \d+(?=\r)|vt100(?=\r)/g)));
});
child.stdin.write('stty -echo; stty size; echo $TERM; echo g""o!\n');
