const assert = require('assert');
import('./x.mjs').then(() => process.exit(1), (error) => assert.match(error.message, /use require\(\)/));
