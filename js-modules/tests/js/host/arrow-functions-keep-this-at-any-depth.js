const assert = require('assert');

class Base {
    constructor() { this.x = 1; }
    a(list) { return list.map((p) => [p].map(() => this)[0])[0]; }
    b() { let seen; [1].forEach((p) => { [p].forEach((q) => { if (!q) return; seen = this; }); }); return seen; }
    get c() { return (() => () => () => this)()()(); }
    static d() { return (() => () => this)()(); }
    async e() { await null; return (() => (() => this)())(); }
    *f() { yield (() => (() => this)())(); }
    g = () => (() => () => this)()();
    h() { return `${(() => () => this.x)()()}`; } // the end }
    i() { return /[}/]/.test('}') && (() => () => this)()(); }
}
class Derived extends Base {
    constructor() { const self = () => () => this; super(); this.self = self; }
    b() { return (() => () => super.b())()(); }
}
for (const one of [new Base(), new Derived()]) {
    assert.strictEqual(one.a([1]), one);
    assert.strictEqual(one.b(), one);
    assert.strictEqual(one.c, one);
    assert.strictEqual(one.constructor.d(), one.constructor);
    one.e().then((value) => { assert.strictEqual(value, one); seen += 1; });
    assert.strictEqual(one.f().next().value, one);
    assert.strictEqual(one.g(), one);
    assert.strictEqual(one.h(), '1');
    assert.strictEqual(one.i(), one);
}
const derived = new Derived();
assert.strictEqual(derived.self()(), derived);
let seen = 0;
function plain() { return (() => (() => [this, arguments.length, new.target])())(); }
assert.deepStrictEqual(plain.call(7, 1, 2)[1], 2);
assert.strictEqual((() => (() => this)())(), module.exports);
process.on('exit', () => assert.strictEqual(seen, 2));
