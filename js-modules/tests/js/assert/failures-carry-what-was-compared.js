const assert = require('assert');
const check = (f, props) => {
    let error;
    try {
        f();
    } catch (e) {
        error = e;
    }
    if (!(error instanceof assert.AssertionError)) throw new Error(`${f} did not fail: ${error}`);
    for (const [key, value] of Object.entries(props)) if (error[key] !== value) throw new Error(`${f}: ${key} is ${error[key]}`);
    if (error.code !== 'ERR_ASSERTION' || error.name !== 'AssertionError') throw new Error('not marked');
};
check(() => assert(0), { actual: 0, expected: true, operator: '==', generatedMessage: true });
check(() => assert.ok(null, 'mine'), { message: 'mine', generatedMessage: false });
check(() => assert.strictEqual(1, 2), { actual: 1, expected: 2, operator: 'strictEqual', message: 'Expected values to be strictly equal:\n\n1 !== 2\n' });
check(() => assert.equal(1, 2), { message: '1 == 2' });
check(() => assert.notEqual(1, '1'), { message: "1 != '1'" });
check(() => assert.notStrictEqual(1, 1), { message: 'Expected "actual" to be strictly unequal to: 1' });
check(() => assert.deepStrictEqual({ a: 1 }, { a: 2 }), { operator: 'deepStrictEqual' });
check(() => assert.fail(), { message: 'Failed' });
check(() => assert.fail('why'), { message: 'why', operator: 'fail' });
check(() => assert.ifError(new Error('e')), { message: 'ifError got unwanted exception: e' });
check(() => assert.match('abc', /x/), { operator: 'match' });
check(() => assert.throws(() => {}), { message: 'Missing expected exception.' });
check(() => assert.throws(() => {}, TypeError, 'why'), { message: 'Missing expected exception (TypeError): why' });
check(() => assert.doesNotThrow(() => {
    throw new Error('x');
}), { operator: 'doesNotThrow' });
const own = new Error('own');
let thrown;
try {
    assert.strictEqual(1, 2, own);
} catch (e) {
    thrown = e;
}
if (thrown !== own) throw new Error('a given error is not thrown');
