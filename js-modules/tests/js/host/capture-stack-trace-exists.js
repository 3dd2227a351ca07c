const assert = require('assert');
const o = { name: 'Odd', message: 'm' };
Error.captureStackTrace(o);
assert.match(o.stack, /^Odd: m/);
assert.throws(() => Error.captureStackTrace(1), { code: 'ERR_INVALID_ARG_TYPE' });
class Mine extends Error {
    constructor() {
        super('x');
        Error.captureStackTrace(this, Mine);
    }
}
assert.ok(new Mine().stack.includes('capture-stack-trace-exists.js'));
