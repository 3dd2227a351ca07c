const assert = require('assert');
const is = (value, text, ...rest) => assert.strictEqual(JSON.stringify(value, ...rest), text);
is({ a: [1, 'x"\\\n\u0001', null, undefined, () => 1, Symbol()], b: undefined, c: NaN, d: -0, e: true },
    '{"a":[1,"x\\"\\\\\\n\\u0001",null,null,null,null],"c":null,"d":0,"e":true}');
is(undefined, undefined);
is(() => 1, undefined);
is('\ud83d€\u{1f600}\udc00ä', '"\\ud83d€\u{1f600}\\udc00ä"');
is([new Number(3), new String('s'), new Boolean(false), new Date(0), Object(Symbol())],
    '[3,"s",false,"1970-01-01T00:00:00.000Z",{}]');
is({ a: [], b: {}, c: [1, { d: 2 }] }, '{\n  "a": [],\n  "b": {},\n  "c": [\n    1,\n    {\n      "d": 2\n    }\n  ]\n}', null, 2);
is([1], '[\n--1\n]', null, '--');
is([1], '[\n' + ' '.repeat(10) + '1\n]', null, 99);
is({ a: 1, b: 2, 1: 3 }, '{"b":2,"1":3}', ['b', 1, 'b', new String('z')]);
is({ a: 1, b: [2] }, '{"a":"a1","b":["02"]}', (k, v) => (typeof v === 'number' ? k + v : v));
is({ toJSON(key) { return 'key:' + key; } }, '"key:"');
is({ a: { toJSON(key) { return key; } } }, '{"a":"a"}');
is(Object.create({ a: 1 }, { b: { value: 2 }, c: { value: 3, enumerable: true }, [Symbol()]: { value: 4, enumerable: true } }), '{"c":3}');
is(new Proxy({ a: [1] }, {}), '{"a":[1]}');
is(new Proxy([1, 2], {}), '[1,2]');
is(new Map([[1, 2]]), '{}');
is(new Uint8Array([1, 2]), '{"0":1,"1":2}');
if (JSON.rawJSON) is([JSON.rawJSON('1e100'), { a: JSON.rawJSON('"r"') }], '[1e100,{"a":"r"}]');
assert.throws(() => JSON.stringify(1n), { name: 'TypeError', message: 'Do not know how to serialize a BigInt' });
class Node { }
const a = new Node();
a.list = [{ back: a }];
assert.throws(() => JSON.stringify({ a }), { name: 'TypeError', message: `Converting circular structure to JSON
    --> starting at object with constructor 'Node'
    |     property 'list' -> object with constructor 'Array'
    |     index 0 -> object with constructor 'Object'
    --- property 'back' closes the circle` });
const shared = {};
is([shared, shared], '[{},{}]');
