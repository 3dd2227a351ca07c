const assert = require('assert');
const punycode = require('punycode');

const pairs = [['mañana', 'maana-pta'], ['Bücher', 'Bcher-kva'], ['他们为什么不说中文', 'ihqwcrb4cv8a8dqg056pqjye'], ['abc', 'abc-'], ['☃-⌘', '--dqo34k'], ['', '']];
for (const [name, spelled] of pairs) {
    assert.strictEqual(punycode.encode(name), spelled);
    assert.strictEqual(punycode.decode(spelled), name);
}
assert.strictEqual(punycode.toASCII('джумла@mañana。com'), 'джумла@xn--maana-pta.com');
assert.strictEqual(punycode.toUnicode('xn--maana-pta.com'), 'mañana.com');
assert.deepStrictEqual(punycode.ucs2.decode('a💩\ud800'), [0x61, 0x1f4a9, 0xd800]);
assert.throws(() => punycode.decode('ls8h='), RangeError);
assert.throws(() => punycode.decode('\x81-'), { name: 'RangeError', message: 'Illegal input >= 0x80 (not a basic code point)' });
