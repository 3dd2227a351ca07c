const assert = require('assert');
const fs = require('fs');
const path = require('path');
const { spawnSync } = require('child_process');
const ffi = require('ffi');

const dir = fs.mkdtempSync('/tmp/meshlite-ffi-');
process.on('exit', () => fs.rmSync(dir, { recursive: true }));
fs.writeFileSync(path.join(dir, 'a.c'), `
#include <pthread.h>
#include <unistd.h>
typedef void (*told)(int, double);
typedef struct { double x, y; int n; } point;
static told tell;
static void *work(void *left) { for (int i = 1; i <= *(int *)left; i++) tell(i, i / 2.0); return 0; }
int from_thread(told t, int count) { pthread_t id; tell = t; if (pthread_create(&id, 0, work, &count)) return -1;
    pthread_join(id, 0); return count; }
int slow(int ms, char *out) { usleep(ms * 1000); out[0] = 'x'; return ms; }
point twice(point p) { point r = { p.x * 2, p.y * 2, p.n * 2 }; return r; }
`);
const built = spawnSync('cc', ['-shared', '-fPIC', '-pthread', '-o', dir + '/a.so', dir + '/a.c']);
assert.strictEqual(built.status, 0, String(built.stderr));
const library = ffi.open(dir + '/a.so');

const Point = ffi.struct({ x: 'f64', y: 'f64', n: 'i32' });
assert.deepStrictEqual(library.func('twice', Point, [Point])({ x: 1, y: 2.5, n: 3 }), { x: 2, y: 5, n: 6 });

(async () => {
    const slow = library.func('slow', 'int', ['int', 'buffer'], { async: true });
    const out = Buffer.alloc(4);
    let turned = false;
    setImmediate(() => { turned = true; });
    assert.strictEqual(await slow(50, out), 50);
    assert(turned, 'the loop turned meanwhile');
    assert.strictEqual(out[0], 120);

    // The thread's calls come by the loop, in order.
    const heard = [];
    const all = new Promise((done) => {
        const told = ffi.callback('void', ['int', 'double'], (n, half) => {
            heard.push([n, half]);
            if (n === 3) done();
        });
        assert.strictEqual(library.func('int from_thread(void *, int)')(told, 3), 3);
        assert.deepStrictEqual(heard, [], 'C does not wait for script');
    });
    const alive = setTimeout(() => assert.fail('the calls did not come'), 20000);
    await all;
    clearTimeout(alive);
    assert.deepStrictEqual(heard, [[1, 0.5], [2, 1], [3, 1.5]]);
})();
