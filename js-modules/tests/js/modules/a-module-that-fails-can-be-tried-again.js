const assert = require('assert');
for (let i = 0; i < 2; i++) assert.throws(() => require('./fixtures/throws'), /while loading/);
assert.throws(() => require('./fixtures/broken.json'), (e) => e.name === 'SyntaxError' && e.message.startsWith(`${__dirname}/fixtures/broken.json: `));
assert.throws(() => require('./fixtures/broken'), (e) => e.name === 'SyntaxError'
    && e.fileName === `${__dirname}/fixtures/broken.js` && e.lineNumber === 2);
