import assert from 'node:assert';
import * as live from './fixtures/live.mjs';
import { count, more } from './fixtures/live.mjs';
import { both } from './fixtures/cycle-a.mjs';

more();
more();
assert.strictEqual(count, 2);
assert.strictEqual(live.count, 2);
assert.throws(() => { live.count = 3; }, TypeError);
assert.strictEqual(both, 'ab(a)');
assert.strictEqual(await import('./fixtures/live.mjs'), live);
