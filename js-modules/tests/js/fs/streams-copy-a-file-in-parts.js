//: prints 300000 true
const fs = require('fs');
const from = '/tmp/meshlite-rs', to = '/tmp/meshlite-ws';
const data = Buffer.alloc(300000);
for (let i = 0; i < data.length; i += 7) data[i] = i;
fs.writeFileSync(from, data);
fs.createReadStream(from).pipe(fs.createWriteStream(to)).on('finish', function () {
    console.log(this.bytesWritten, fs.readFileSync(to).equals(data));
    fs.unlinkSync(from);
    fs.unlinkSync(to);
});
