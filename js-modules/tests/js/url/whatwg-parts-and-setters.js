const assert = require('assert');
const url = new URL('https://us%20er:pa:ss@EXAMPLE.com:443/a/./b/../c%7e d?x=1 2#fr ag');
assert.deepStrictEqual([url.href, url.origin, url.protocol, url.username, url.password, url.host, url.hostname, url.port,
    url.pathname, url.search, url.hash], ['https://us%20er:pa%3Ass@example.com/a/c%7e%20d?x=1%202#fr%20ag',
    'https://example.com', 'https:', 'us%20er', 'pa%3Ass', 'example.com', 'example.com', '', '/a/c%7e%20d', '?x=1%202',
    '#fr%20ag']);
url.port = '8080';
url.protocol = 'http';
url.pathname = 'x/../y';
url.search = 'q=ü';
url.hash = '';
url.username = '';
url.password = '';
url.hostname = 'münchen.de';
assert.strictEqual(url.href, 'http://xn--mnchen-3ya.de:8080/y?q=%C3%BC');
url.host = 'h:81';
assert.strictEqual(String(url), 'http://h:81/y?q=%C3%BC');
url.port = '80';
assert.strictEqual(JSON.stringify({ url }), '{"url":"http://h/y?q=%C3%BC"}');
// A special scheme stays special, an unknown one unknown; wrong values change nothing.
url.protocol = 'foo:';
url.port = 'nonsense';
url.host = '';
assert.strictEqual(url.href, 'http://h/y?q=%C3%BC');
url.href = 'file:///C:/x';
assert.strictEqual(url.origin, 'null');
assert.strictEqual(new URL('mailto:a@b').pathname, 'a@b');
assert.strictEqual(new URL('//c/d', 'https://a/b').href, 'https://c/d');
assert.strictEqual(new URL('?q', new URL('https://a/b#c')).href, 'https://a/b?q');
assert.strictEqual(new URL('http://0x7f.1/').hostname, '127.0.0.1');
assert.strictEqual(new URL('http://[::FFFF:1.2.3.4]/').host, '[::ffff:102:304]');
assert.strictEqual(new URL("http://ab/\ud800").pathname, "/%EF%BF%BD", "halves of pairs are replaced");
