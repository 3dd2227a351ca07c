// Bytes by index.
function run() {
    var bytes = new Uint8Array(1 << 20), sum = 0, i;
    for (i = 0; i < bytes.length; i++) { bytes[i] = (i * 31) & 255; }
    for (i = 0; i < bytes.length; i++) { sum = (sum + bytes[i]) % 65521; }
    return sum;
}
