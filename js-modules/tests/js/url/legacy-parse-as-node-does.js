// What Node 20 answers; the order is that of the object's keys.
const assert = require('assert');
const url = require('url');
const table = [
    ["//some_path", [null, null, null, null, null, null, null, null, null, "//some_path", "//some_path", "//some_path"]],
    ["http:\\\\evil-phish\\foo.html", ["http:", true, null, "evil-phish", null, "evil-phish", null, null, null, "/foo.html", "/foo.html", "http://evil-phish/foo.html"]],
    ["HTTP:\\\\evil-phish\\foo.html", ["http:", true, null, "evil-phish", null, "evil-phish", null, null, null, "/foo.html", "/foo.html", "http://evil-phish/foo.html"]],
    ["HTTP://www.example.com", ["http:", true, null, "www.example.com", null, "www.example.com", null, null, null, "/", "/", "http://www.example.com/"]],
    ["http://www.ExAmPlE.com/", ["http:", true, null, "www.example.com", null, "www.example.com", null, null, null, "/", "/", "http://www.example.com/"]],
    ["http://user:pw@www.ExAmPlE.com:8080/p/a/t/h?query=string#hash", ["http:", true, "user:pw", "www.example.com:8080", "8080", "www.example.com", "#hash", "?query=string", "query=string", "/p/a/t/h", "/p/a/t/h?query=string", "http://user:pw@www.example.com:8080/p/a/t/h?query=string#hash"]],
    ["http://_jabber._tcp.google.com:80/test", ["http:", true, null, "_jabber._tcp.google.com:80", "80", "_jabber._tcp.google.com", null, null, null, "/test", "/test", "http://_jabber._tcp.google.com:80/test"]],
    ["http://user:pass@_jabber._tcp.google.com:80/test", ["http:", true, "user:pass", "_jabber._tcp.google.com:80", "80", "_jabber._tcp.google.com", null, null, null, "/test", "/test", "http://user:pass@_jabber._tcp.google.com:80/test"]],
    ["http://[fe80::1]/", ["http:", true, null, "[fe80::1]", null, "fe80::1", null, null, null, "/", "/", "http://[fe80::1]/"]],
    ["http://[::1]:80/a?b", ["http:", true, null, "[::1]:80", "80", "::1", null, "?b", "b", "/a", "/a?b", "http://[::1]:80/a?b"]],
    ["http://x.y.com+a/b/c", ["http:", true, null, "x.y.com+a", null, "x.y.com+a", null, null, null, "/b/c", "/b/c", "http://x.y.com+a/b/c"]],
    ["HtTp://x.y.cOm;a/b/c?d=e#f g<h>i", ["http:", true, null, "x.y.com", null, "x.y.com", "#f%20g%3Ch%3Ei", "?d=e", "d=e", ";a/b/c", ";a/b/c?d=e", "http://x.y.com/;a/b/c?d=e#f%20g%3Ch%3Ei"]],
    ["http://x...y...#p", ["http:", true, null, "x...y...", null, "x...y...", "#p", null, null, "/", "/", "http://x...y.../#p"]],
    ["http://x/p/\"quoted\"", ["http:", true, null, "x", null, "x", null, null, null, "/p/%22quoted%22", "/p/%22quoted%22", "http://x/p/%22quoted%22"]],
    ["<http://goo.corn/bread> Is a URL!", [null, null, null, null, null, null, null, null, null, "%3Chttp://goo.corn/bread%3E%20Is%20a%20URL!", "%3Chttp://goo.corn/bread%3E%20Is%20a%20URL!", "%3Chttp://goo.corn/bread%3E%20Is%20a%20URL!"]],
    ["http://www.narwhaljs.org/blog/categories?id=news", ["http:", true, null, "www.narwhaljs.org", null, "www.narwhaljs.org", null, "?id=news", "id=news", "/blog/categories", "/blog/categories?id=news", "http://www.narwhaljs.org/blog/categories?id=news"]],
    ["http://mt0.google.com/vt/lyrs=m@114???&hl=en&src=api&x=2&y=2&z=3&s=", ["http:", true, null, "mt0.google.com", null, "mt0.google.com", null, "???&hl=en&src=api&x=2&y=2&z=3&s=", "??&hl=en&src=api&x=2&y=2&z=3&s=", "/vt/lyrs=m@114", "/vt/lyrs=m@114???&hl=en&src=api&x=2&y=2&z=3&s=", "http://mt0.google.com/vt/lyrs=m@114???&hl=en&src=api&x=2&y=2&z=3&s="]],
    ["file:///etc/passwd", ["file:", true, null, "", null, "", null, null, null, "/etc/passwd", "/etc/passwd", "file:///etc/passwd"]],
    ["file://localhost/etc/passwd", ["file:", true, null, "localhost", null, "localhost", null, null, null, "/etc/passwd", "/etc/passwd", "file://localhost/etc/passwd"]],
    ["file:///etc/node/", ["file:", true, null, "", null, "", null, null, null, "/etc/node/", "/etc/node/", "file:///etc/node/"]],
    ["file://etc/node", ["file:", true, null, "etc", null, "etc", null, null, null, "/node", "/node", "file://etc/node"]],
    ["mailto:foo@bar.com?subject=hello", ["mailto:", null, "foo", "bar.com", null, "bar.com", null, "?subject=hello", "subject=hello", null, "?subject=hello", "mailto:foo@bar.com?subject=hello"]],
    ["javascript:alert('hello');", ["javascript:", null, null, null, null, null, null, null, null, "alert('hello');", "alert('hello');", "javascript:alert('hello');"]],
    ["javascript://a/b", ["javascript:", null, null, null, null, null, null, null, null, "//a/b", "//a/b", "javascript://a/b"]],
    ["xmpp:isaacschlueter@jabber.org", ["xmpp:", null, "isaacschlueter", "jabber.org", null, "jabber.org", null, null, null, null, null, "xmpp:isaacschlueter@jabber.org"]],
    ["http://atpass:foo%40bar@127.0.0.1:8080/path?search=foo#bar", ["http:", true, "atpass:foo@bar", "127.0.0.1:8080", "8080", "127.0.0.1", "#bar", "?search=foo", "search=foo", "/path", "/path?search=foo", "http://atpass:foo%40bar@127.0.0.1:8080/path?search=foo#bar"]],
    ["svn+ssh://foo/bar", ["svn+ssh:", true, null, "foo", null, "foo", null, null, null, "/bar", "/bar", "svn+ssh://foo/bar"]],
    ["dash-test:foo/bar", ["dash-test:", null, null, "foo", null, "foo", null, null, null, "/bar", "/bar", "dash-test:foo/bar"]],
    ["dot.test:foo/bar", ["dot.test:", null, null, "foo", null, "foo", null, null, null, "/bar", "/bar", "dot.test:foo/bar"]],
    ["google.com:80/x", ["google.com:", null, null, "80", null, "80", null, null, null, "/x", "/x", "google.com:80/x"]],
    ["http://google.com\" onload=\"alert(42)/", ["http:", true, null, "google.com", null, "google.com", null, null, null, "%22%20onload=%22alert(42)/", "%22%20onload=%22alert(42)/", "http://google.com/%22%20onload=%22alert(42)/"]],
    ["http://a.com/\t\r\nb", ["http:", true, null, "a.com", null, "a.com", null, null, null, "/%09%0D%0Ab", "/%09%0D%0Ab", "http://a.com/%09%0D%0Ab"]],
    ["http://nodejs.org/ ", ["http:", true, null, "nodejs.org", null, "nodejs.org", null, null, null, "/", "/", "http://nodejs.org/"]],
    [" http://a ", ["http:", true, null, "a", null, "a", null, null, null, "/", "/", "http://a/"]],
    ["/path?x=y#z", [null, null, null, null, null, null, "#z", "?x=y", "x=y", "/path", "/path?x=y", "/path?x=y#z"]],
    ["?x", [null, null, null, null, null, null, null, "?x", "x", null, "?x", "?x"]],
    ["#x", [null, null, null, null, null, null, "#x", null, null, null, null, "#x"]],
    ["", [null, null, null, null, null, null, null, null, null, null, null, ""]],
    [".", [null, null, null, null, null, null, null, null, null, ".", ".", "."]],
    ["../a", [null, null, null, null, null, null, null, null, null, "../a", "../a", "../a"]],
    ["x://y", ["x:", true, null, "y", null, "y", null, null, null, null, null, "x://y"]],
    ["http://a@b@c/", ["http:", true, "a@b", "c", null, "c", null, null, null, "/", "/", "http://a%40b@c/"]],
    ["http://a@b?@c", ["http:", true, "a", "b", null, "b", null, "?@c", "@c", "/", "/?@c", "http://a@b/?@c"]],
    ["http://a\tb@c", ["http:", true, "ab", "c", null, "c", null, null, null, "/", "/", "http://ab@c/"]],
    ["http://a.b/\tbc\ndr\ref g\"hq'j<kl>?mn\\op=q='99{st|uv}wx", ["http:", true, null, "a.b", null, "a.b", null, "?mn%5Cop=q=%2799%7Bst%7Cuv%7Dwx", "mn%5Cop=q=%2799%7Bst%7Cuv%7Dwx", "/%09bc%0Adr%0Def%20g%22hq%27j%3Ckl%3E", "/%09bc%0Adr%0Def%20g%22hq%27j%3Ckl%3E?mn%5Cop=q=%2799%7Bst%7Cuv%7Dwx", "http://a.b/%09bc%0Adr%0Def%20g%22hq%27j%3Ckl%3E?mn%5Cop=q=%2799%7Bst%7Cuv%7Dwx"]],
    ["http://münchen.de/ä", ["http:", true, null, "xn--mnchen-3ya.de", null, "xn--mnchen-3ya.de", null, null, null, "/ä", "/ä", "http://xn--mnchen-3ya.de/ä"]],
    ["http://-a-.com/", ["http:", true, null, "-a-.com", null, "-a-.com", null, null, null, "/", "/", "http://-a-.com/"]],
    ["http://%63om/", ["http:", true, null, "", null, "", null, null, null, "%63om/", "%63om/", "http:///%63om/"]],
    ["git+http://user:pass@h/p", ["git+http:", true, "user:pass", "h", null, "h", null, null, null, "/p", "/p", "git+http://user:pass@h/p"]],
    ["coap:u@h:1/x", ["coap:", null, "u", "h:1", "1", "h", null, null, null, "/x", "/x", "coap:u@h:1/x"]],
    ["ws://h", ["ws:", true, null, "h", null, "h", null, null, null, "/", "/", "ws://h/"]],
    ["wss:h", ["wss:", null, null, null, null, null, null, null, null, "h", "h", "wss:h"]],
    ["http:/p", ["http:", null, null, null, null, null, null, null, null, "/p", "/p", "http:/p"]],
    ["http:p", ["http:", null, null, null, null, null, null, null, null, "p", "p", "http:p"]],
    ["http:", ["http:", null, null, null, null, null, null, null, null, null, null, "http:"]],
    ["http://", ["http:", true, null, "", null, "", null, null, null, null, null, "http://"]],
    ["http:///p", ["http:", true, null, "", null, "", null, null, null, "/p", "/p", "http:///p"]],
    ["/\\a\\b", [null, null, null, null, null, null, null, null, null, "//a/b", "//a/b", "//a/b"]],
    ["a:b:c", ["a:", null, null, "b", null, "b", null, null, null, "/:c", "/:c", "a:b/:c"]],
    ["blob:http://a/b", ["blob:", null, null, "http", null, "http", null, null, null, "//a/b", "//a/b", "blob:http//a/b"]],
    ["http://a/?b=c%20d&b=e", ["http:", true, null, "a", null, "a", null, "?b=c%20d&b=e", "b=c%20d&b=e", "/", "/?b=c%20d&b=e", "http://a/?b=c%20d&b=e"]],
    ["http://a:b:c@d/", ["http:", true, "a:b:c", "d", null, "d", null, null, null, "/", "/", "http://a:b:c@d/"]],
    ["http://a/b%20c#%20", ["http:", true, null, "a", null, "a", "#%20", null, null, "/b%20c", "/b%20c", "http://a/b%20c#%20"]],
    ["tel:+1", ["tel:", null, null, "+1", null, "+1", null, null, null, null, null, "tel:+1"]],
    ["about:blank", ["about:", null, null, "blank", null, "blank", null, null, null, null, null, "about:blank"]],
    ["http://h:/p", ["http:", true, null, "h", null, "h", null, null, null, "/p", "/p", "http://h/p"]],
    ["http://h:1x/p", ["http:", true, null, "h", null, "h", null, null, null, "/:1x/p", "/:1x/p", "http://h/:1x/p"]],
    ["data:text/plain,hi there", ["data:", null, null, "text", null, "text", null, null, null, "/plain,hi%20there", "/plain,hi%20there", "data:text/plain,hi%20there"]],
];
const failed = [];
for (const [text, wanted] of table) {
    let got;
    try {
        got = Object.values(url.parse(text));
    } catch (error) {
        got = error.code;
    }
    if (JSON.stringify(got) !== JSON.stringify(wanted)) failed.push([text, got, wanted]);
}
assert.deepStrictEqual(failed, []);
for (const [text, href, host] of [["//a/b", "//a/b", "a"], ["//u@h/p?q", "//u@h/p?q", "h"], ["///x", "///x", ""], ["/y", "/y", null], ["//h:8", "//h:8", "h:8"]]) {
    assert.strictEqual(url.parse(text, true, true).href, href);
    assert.strictEqual(url.parse(text, false, true).host, host);
}
assert.strictEqual(url.parse('/a?b=1&b=2', true).query.b.length, 2);
assert.strictEqual(Object.getPrototypeOf(url.parse('/a', true).query), null);
assert.throws(() => url.parse(3), { code: 'ERR_INVALID_ARG_TYPE' });
const parsed = url.parse('http://a/');
assert.strictEqual(url.parse(parsed), parsed);
