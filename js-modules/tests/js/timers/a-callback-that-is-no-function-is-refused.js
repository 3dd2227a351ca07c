const assert = require('assert');
for (const f of [setTimeout, setInterval, setImmediate, queueMicrotask]) {
    for (const bad of [undefined, null, 'code', {}, 5]) {
        assert.throws(() => f(bad), { name: 'TypeError', code: 'ERR_INVALID_ARG_TYPE' });
    }
}
assert.throws(() => setTimeout('x'), { message: 'The "callback" argument must be of type function. Received type string (\'x\')' });
