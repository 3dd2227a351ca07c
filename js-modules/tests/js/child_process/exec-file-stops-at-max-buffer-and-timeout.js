//: prints ERR_CHILD_PROCESS_STDIO_MAXBUFFER 1000
//: prints true SIGTERM null
const { execFile } = require('child_process');
execFile('cat', ['/dev/zero'], { maxBuffer: 1000 }, (error, stdout) => {
    console.log(error.code, stdout.length);
    execFile('sleep', ['60'], { timeout: 50 }, (e) => console.log(e.killed, e.signal, e.code));
});
