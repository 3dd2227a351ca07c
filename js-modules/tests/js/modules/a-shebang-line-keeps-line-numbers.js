const assert = require('assert');
assert.match(require('./fixtures/shebang'), /shebang\.js:2:\d+/);
