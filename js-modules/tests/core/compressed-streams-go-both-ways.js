//: real
//: prints hello hello hello
//: prints 120 hello hello hello 3858335872
// The first byte of a zlib header is 120; `crc` is that of what comes out.
var compressed = require('compressed-stream'), text = Buffer.from('hello hello hello');
console.log(compressed.inflate(compressed.deflate(text)).toString());
var pack = compressed.createCompressor(), packed = null;
pack.on('data', function (chunk) { packed = packed == null ? chunk : Buffer.concat([packed, chunk]); });
pack.on('end', function () {
    var unpack = compressed.createDecompressor(), out = '';
    unpack.on('data', function (chunk) { out += chunk.toString(); });
    unpack.on('end', function () {
        console.log(packed[0] + ' ' + out + ' ' + this.crc);
    });
    unpack.end(packed);
});
pack.end(text);
