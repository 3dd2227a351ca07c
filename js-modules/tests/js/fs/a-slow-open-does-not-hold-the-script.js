//: prints timer
//: prints opened
// Opening a FIFO waits for the other side: on a thread.
const fs = require('fs');
const path = fs.mkdtempSync('/tmp/meshlite-fifo-') + '/fifo';
require('child_process').execFileSync('mkfifo', [path]);
fs.open(path, 'r', (error, fd) => {
    if (error) throw error;
    console.log('opened');
    fs.closeSync(fd);
    fs.rmSync(require('path').dirname(path), { recursive: true });
});
setTimeout(() => {
    console.log('timer');
    fs.open(path, 'w', (error, fd) => fs.closeSync(fd));
}, 20);
