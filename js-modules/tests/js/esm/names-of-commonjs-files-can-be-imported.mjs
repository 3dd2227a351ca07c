import assert from 'node:assert';
import common, { early, defined, ran } from './fixtures/common.cjs';
import { early as again } from './fixtures/again.cjs';
import { sum, one } from './fixtures/object.cjs';
import { createRequire } from 'node:module';

assert.deepStrictEqual([early, defined, again, one, sum(1, 2)], [1, 2, 1, 1, 3]);
assert.strictEqual(ran, 1);
assert.strictEqual(createRequire(import.meta.url)('./fixtures/common.cjs'), common);
assert.strictEqual(globalThis.ran, 1);
const all = await import('./fixtures/object.cjs');
assert.deepStrictEqual(Object.keys(all).sort(), ['default', 'one', 'sum']);
