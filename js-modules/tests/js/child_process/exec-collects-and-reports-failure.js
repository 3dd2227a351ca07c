//: prints one two
//: prints 7 true Command failed: echo bad >&2; exit 7
const { exec } = require('child_process');
exec('echo one $X', { env: { X: 'two', PATH: process.env.PATH } }, (error, stdout) => {
    if (error) throw error;
    console.log(stdout.trim());
    exec('echo bad >&2; exit 7', (e, out, err) => console.log(e.code, err === 'bad\n', e.message.split('\n')[0]));
});
