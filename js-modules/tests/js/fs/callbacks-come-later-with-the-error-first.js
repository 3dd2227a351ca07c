//: prints before
//: prints ENOENT
//: prints text
//: prints done
const fs = require('fs');
fs.readFile('/no/such', (error, data) => {
    console.log(error.code);
    fs.writeFile('/tmp/meshlite-cb', 'text', (failed) => {
        if (failed) throw failed;
        fs.readFile('/tmp/meshlite-cb', 'utf8', (e, text) => {
            console.log(text);
            fs.promises.unlink('/tmp/meshlite-cb').then(() => console.log('done'));
        });
    });
});
console.log('before');
