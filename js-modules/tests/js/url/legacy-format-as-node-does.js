const assert = require('assert');
const url = require('url');
const table = [
    [{"protocol": "http", "host": "a", "pathname": "b"}, "http://a/b"],
    [{"protocol": "http:", "hostname": "::1", "port": 8}, "http://[::1]:8"],
    [{"hostname": "h", "auth": "a:b@c", "slashes": true}, "//a:b%40c@h"],
    [{"pathname": "?#", "search": "a#b", "hash": "c"}, "%3F%23?a%23b#c"],
    [{"query": {"a": [1, 2], "b": "x y"}}, "?a=1&a=2&b=x%20y"],
    [{"protocol": "mailto", "pathname": "x"}, "mailto:x"],
    [{"protocol": "file", "pathname": "/x"}, "file:///x"],
    [{"host": "h"}, "h"],
    [{}, ""],
    [{"search": "x", "query": {"a": 1}}, "?x"],
    [{"protocol": "coap", "auth": "u", "hostname": "h", "pathname": "/p", "slashes": true}, "coap://u@h/p"],
    [{"hash": "#h", "pathname": "p"}, "p#h"],
];
for (const [parts, wanted] of table) assert.strictEqual(url.format(parts), wanted);
assert.strictEqual(url.format('HTTP://a b'), url.parse('HTTP://a b').href);
assert.throws(() => url.format(3), { code: 'ERR_INVALID_ARG_TYPE' });
assert.throws(() => url.format(new URL('a:b'), 1), { code: 'ERR_INVALID_ARG_TYPE' });
const whole = new URL('http://us:pw@xn--mnchen-3ya.de:8/p?q#h');
assert.strictEqual(url.format(whole), whole.href);
assert.strictEqual(url.format(whole, { auth: false, search: false, fragment: false, unicode: true }), 'http://münchen.de:8/p');
assert.strictEqual(url.format(whole, { unicode: true }), 'http://us:pw@münchen.de:8/p?q#h');
