const assert = require('assert');
const { inspect } = require('util');
assert.strictEqual(inspect(Array.from({ length: 30 }, (_, i) => i * 3)), `[
   0,  3,  6,  9, 12, 15, 18, 21, 24,
  27, 30, 33, 36, 39, 42, 45, 48, 51,
  54, 57, 60, 63, 66, 69, 72, 75, 78,
  81, 84, 87
]`);
assert.strictEqual(inspect(Array.from({ length: 101 }, () => 'ab')).split('\n').at(-2), '  ... 1 more item');
assert.strictEqual(inspect({ name: 'a rather long text here', other: 'another rather long text', more: [1, 2, 3], x: true }), `{
  name: 'a rather long text here',
  other: 'another rather long text',
  more: [ 1, 2, 3 ],
  x: true
}`);
assert.strictEqual(inspect({ a: { b: 1 }, c: [{ d: 2 }] }), '{ a: { b: 1 }, c: [ { d: 2 } ] }');
assert.strictEqual(inspect({ a: 1, b: { c: 2 } }, { compact: false }), '{\n  a: 1,\n  b: {\n    c: 2\n  }\n}');
assert.strictEqual(inspect('a'.repeat(20000)).length, 10000 + 2 + '... 10000 more characters'.length);
assert.strictEqual(inspect(['apple', 'banana', 'cherry', 'date', 'elderberry', 'fig', 'grape', 'honeydew']), `[
  'apple',
  'banana',
  'cherry',
  'date',
  'elderberry',
  'fig',
  'grape',
  'honeydew'
]`);
assert.strictEqual(inspect({ a: 'line one is long enough to break\nline two is long enough to break as well, surely' }), `{
  a: 'line one is long enough to break\\n' +
    'line two is long enough to break as well, surely'
}`);
