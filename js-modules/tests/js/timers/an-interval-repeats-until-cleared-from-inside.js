const assert = require('assert');
let n = 0;
const t = setInterval((x) => {
    assert.strictEqual(x, 'arg');
    if (++n === 3) clearInterval(t);
}, 2, 'arg');
process.on('exit', () => assert.strictEqual(n, 3));
