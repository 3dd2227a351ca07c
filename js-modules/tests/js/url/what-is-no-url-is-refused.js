const assert = require('assert');
const { inspect } = require('util');
for (const text of ['', 'x', '//h', 'http://', 'http://a b/', 'http://[::1', 'http://a:99999/', 'http://%00/', 'http://1.2.3.4.5.256/']) {
    assert.throws(() => new URL(text), { name: 'TypeError', code: 'ERR_INVALID_URL', message: 'Invalid URL', input: text }, text);
    assert.strictEqual(URL.canParse(text), false, text);
}
assert.throws(() => new URL('/x', 'y'), { code: 'ERR_INVALID_URL', input: '/x', base: 'y' });
assert.throws(() => new URL(), { code: 'ERR_MISSING_ARGS', message: 'The "url" argument must be specified' });
assert.throws(() => URL('http://a'), TypeError);
assert.throws(() => new URL(Symbol('x')), TypeError);
assert.throws(() => { new URL('http://a').href = 'b'; }, { code: 'ERR_INVALID_URL', input: 'b' });
assert.strictEqual(URL.canParse('/x', 'http://a'), true);
assert.strictEqual(URL.parse('x'), null);
assert.strictEqual(URL.parse('x', 'http://a').href, 'http://a/x');
assert.throws(() => Object.getOwnPropertyDescriptor(URL.prototype, 'href').get.call({}), TypeError);
assert.strictEqual(inspect(new URL('http://u:p@h:8/d?e#f')), `URL {
  href: 'http://u:p@h:8/d?e#f',
  origin: 'http://h:8',
  protocol: 'http:',
  username: 'u',
  password: 'p',
  host: 'h:8',
  hostname: 'h',
  port: '8',
  pathname: '/d',
  search: '?e',
  searchParams: URLSearchParams { 'e' => '' },
  hash: '#f'
}`);
assert.strictEqual(Object.prototype.toString.call(new URL('a:b')), '[object URL]');
