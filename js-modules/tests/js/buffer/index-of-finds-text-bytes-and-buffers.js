const assert = require('assert');
const b = Buffer.from('this is a buffer');
for (const [args, found] of [[['is'], 2], [['is', 3], 5], [['is', -3], -1], [['buffer'], 10], [[Buffer.from('a b')], 8],
    [[97], 8], [[97 + 256], 8], [['x'], -1], [['', 4], 4], [['', 99], 16], [['is', undefined], 2], [['6973', 'hex'], 2],
    [['is', {}], 2], [['is', null], 2], [['is', 99], -1]]) {
    assert.strictEqual(b.indexOf(...args), found, JSON.stringify(args));
}
for (const [args, found] of [[['is'], 5], [['is', 4], 2], [['is', -15], -1], [['is', -12], 2], [['is', undefined], 5],
    [['is', null], -1], [['this', 0], 0], [['x'], -1], [[114], 15]]) {
    assert.strictEqual(b.lastIndexOf(...args), found, JSON.stringify(args));
}
assert.ok(b.includes('buffer') && !b.includes('Buffer'));
assert.strictEqual(Buffer.from('ab', 'utf16le').indexOf('b', 0, 'utf16le'), 2);
assert.strictEqual(Buffer.from('6162006100', 'hex').indexOf('a', 1, 'utf16le'), -1);
assert.throws(() => b.indexOf({}), { code: 'ERR_INVALID_ARG_TYPE' });
