// Buffer codecs over 4 MB. Not for engines without Buffer.
function run() {
    var bytes = Buffer.alloc(1 << 22, 'meshlite'), sum = 0, i, hex, base;
    for (i = 0; i < 3; i++) {
        hex = bytes.toString('hex');
        base = bytes.toString('base64');
        sum += hex.length + base.length + Buffer.from(hex, 'hex').length + Buffer.from(base, 'base64').length;
    }
    return sum;
}
