// SHA-384 of 64 MB, in pieces of 1 MB. By the crypto module where there is one, else by MeshAgent's stream.
function run() {
    var piece = Buffer.alloc(1 << 20), i, hash, sum, hex;
    piece.fill(120);
    try { hash = require('crypto').createHash('sha384'); } catch (e) { hash = null; }
    if (hash !== null) {
        for (i = 0; i < 64; i++) { hash.update(piece); }
        hex = hash.digest('hex');
    } else {
        sum = require('SHA384Stream').create();
        sum.on('hash', function (h) { hex = h.toString('hex'); });
        for (i = 0; i < 64; i++) { sum.write(piece); }
        sum.end();
    }
    return hex.toLowerCase().substring(0, 16);
}
