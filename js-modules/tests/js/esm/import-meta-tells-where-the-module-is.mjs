import assert from 'node:assert';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

assert.strictEqual(path.basename(import.meta.filename), 'import-meta-tells-where-the-module-is.mjs');
assert.strictEqual(import.meta.dirname, path.dirname(import.meta.filename));
assert.strictEqual(import.meta.url, pathToFileURL(import.meta.filename).href);
assert.strictEqual(import.meta.resolve('./not/there.js'), new URL('./not/there.js', import.meta.url).href);
assert.strictEqual(import.meta.resolve('fs'), 'node:fs');
assert.throws(() => import.meta.resolve('no-such-package'), { code: 'ERR_MODULE_NOT_FOUND' });
assert.strictEqual(Object.getPrototypeOf(import.meta), null);
