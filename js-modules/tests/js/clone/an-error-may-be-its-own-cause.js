// Node 20 fails here ("Unable to deserialize cloned data").
const assert = require('assert');
const error = new Error('e');
error.cause = { error };
const other = structuredClone(error);
assert.strictEqual(other.cause.error, other);
