const assert = require('assert');
const ffi = require('ffi');
const libc = ffi.open('libc.so.6');
const libm = ffi.open('libm.so.6');

assert.strictEqual(libc.func('pid_t getpid(void)')(), process.pid);
assert.strictEqual(libm.func('double pow(double x, double y)')(2, 10), 1024);
assert.strictEqual(libm.func('powf', 'f32', ['f32', 'f32'])(2, 0.5), Math.fround(Math.SQRT2));
assert.strictEqual(libc.func('char *getenv(const char *name)')('SURELY_NOT_SET'), null);
assert.strictEqual(libc.func('size_t strlen(const char *)')('äöü'), 6);
assert.strictEqual(libc.func('long labs(long)')(-9007199254740993n), 9007199254740993n);
assert.strictEqual(libc.func('int abs(int)')(-5), 5);

// A variadic call fills a buffer of ours.
const out = Buffer.alloc(64);
const n = libc.func('int snprintf(char *buf, size_t size, const char *format, ...)')(
    out, out.length, '%d %s %.2f %lld %c', 7, 'text', 1.5, 1n << 40n, 65);
assert.strictEqual(out.toString('latin1', 0, n), '7 text 1.50 1099511627776 A');

// A struct by value.
const Div = ffi.struct({ quot: 'int', rem: 'int' });
assert.deepStrictEqual(libc.func('div', Div, ['int', 'int'])(17, 5), { quot: 3, rem: 2 });
assert.deepStrictEqual(libc.func('div_t div(int, int)', { types: { div_t: Div } })(17, 5), { quot: 3, rem: 2 });

// errno
const open = libc.func('open', 'int', ['cstring', 'int'], { variadic: true, errno: true });
assert.deepStrictEqual(open('/not/there', 0), { value: -1, errno: 2 });
assert.strictEqual(ffi.errno(), 2);

// An out-parameter.
const end = ffi.alloc('pointer');
const text = ffi.alloc(8);
ffi.write(text, Buffer.from('42abc\0'));
assert.strictEqual(libc.func('long strtol(const void *text, void *end, int base)')(text, end, 10), 42);
assert.strictEqual(ffi.readCString(ffi.read(end, 'pointer')), 'abc');
ffi.free(text);
ffi.free(end);
