const assert = require('assert');
const a = require('./fixtures/cycle/a');
assert.deepStrictEqual(a, { early: 1, b: { saw: ['early'] }, late: 1 });
