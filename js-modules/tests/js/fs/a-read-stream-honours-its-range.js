//: prints "cdef" 4
//: prints ENOENT
const fs = require('fs');
fs.writeFileSync('/tmp/meshlite-range', 'abcdefgh');
let text = '';
const stream = fs.createReadStream('/tmp/meshlite-range', { start: 2, end: 5, encoding: 'utf8' });
stream.on('data', (part) => { text += part; });
stream.on('end', () => {
    console.log(JSON.stringify(text), stream.bytesRead);
    fs.createReadStream('/no/such').on('error', (error) => console.log(error.code));
});
