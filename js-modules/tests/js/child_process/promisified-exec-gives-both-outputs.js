//: prints {"stdout":"a\n","stderr":"b\n"}
//: prints 4 c
const exec = require('util').promisify(require('child_process').exec);
exec('echo a; echo b >&2').then((both) => {
    console.log(JSON.stringify(both));
    return exec('echo c; exit 4');
}).catch((error) => console.log(error.code, error.stdout.trim()));
