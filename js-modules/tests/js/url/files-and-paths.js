const assert = require('assert');
const fs = require('fs');
const { fileURLToPath, pathToFileURL, domainToASCII, domainToUnicode, urlToHttpOptions } = require('url');
assert.strictEqual(fileURLToPath('file:///a%20b/%C3%BC'), '/a b/ü');
assert.strictEqual(fileURLToPath(new URL('file://localhost/x')), '/x');
assert.throws(() => fileURLToPath('http://x'), { code: 'ERR_INVALID_URL_SCHEME' });
assert.throws(() => fileURLToPath('file://h/x'), { code: 'ERR_INVALID_FILE_URL_HOST' });
assert.throws(() => fileURLToPath('file:///a%2Fb'), { code: 'ERR_INVALID_FILE_URL_PATH' });
assert.throws(() => fileURLToPath(3), { code: 'ERR_INVALID_ARG_TYPE' });
for (const path of ['/a b', '/x%y', '/q?r#s', '/new\nline\ttab\rcr', '/back\\slash', '/ü', '/dir/']) {
    assert.strictEqual(fileURLToPath(pathToFileURL(path)), path);
}
assert.strictEqual(pathToFileURL('/q?r#s%\\').href, 'file:///q%3Fr%23s%25%5C');
assert.strictEqual(pathToFileURL('rel').pathname, `${process.cwd()}/rel`);
assert.throws(() => pathToFileURL(1), { code: 'ERR_INVALID_ARG_TYPE' });
assert.strictEqual(domainToASCII('español.com'), 'xn--espaol-zwa.com');
assert.strictEqual(domainToASCII('xn--iñvalid.com'), '');
assert.strictEqual(domainToUnicode('xn--espaol-zwa.com'), 'español.com');
const options = urlToHttpOptions(new URL('https://a:b%20c@[::1]:81/p?q#r'));
assert.deepStrictEqual([options.hostname, options.port, options.auth, options.path, options.hash], ['::1', 81, 'a:b c', '/p?q', '#r']);
assert.strictEqual(require('module').createRequire(pathToFileURL(__filename).href)('path'), require('path'));
assert.strictEqual(fs.existsSync(__filename), true);
const odd = pathToFileURL('/a b%/x.js');
assert.deepStrictEqual(require('module').createRequire(odd).resolve.paths('x')[0], '/a b%/node_modules');
assert.ok(fs.readFileSync(pathToFileURL(__filename), 'utf8').includes('pathToFileURL'));
