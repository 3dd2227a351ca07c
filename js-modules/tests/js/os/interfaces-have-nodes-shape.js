const assert = require('assert');
const all = require('os').networkInterfaces();
const lo = all.lo.find((one) => one.family === 'IPv4');
assert.deepStrictEqual(lo, { address: '127.0.0.1', netmask: '255.0.0.0', family: 'IPv4', mac: '00:00:00:00:00:00', internal: true, cidr: '127.0.0.1/8' });
for (const name of Object.keys(all)) for (const one of all[name]) {
    assert.match(one.mac, /^([0-9a-f]{2}:){5}[0-9a-f]{2}$/);
    assert.strictEqual(typeof one.internal, 'boolean');
    if (one.family === 'IPv6') assert.strictEqual(typeof one.scopeid, 'number');
}
