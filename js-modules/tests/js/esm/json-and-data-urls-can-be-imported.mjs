import assert from 'node:assert';
import data from './fixtures/data.json' with { type: 'json' };

assert.deepStrictEqual(data, { answer: 42 });
assert.strictEqual((await import('data:text/javascript,export default 6 * 7')).default, 42);
const base64 = Buffer.from('export const a = "ä";').toString('base64');
assert.strictEqual((await import(`data:text/javascript;base64,${base64}`)).a, 'ä');
