const assert = require('assert');
const { AsyncLocalStorage, AsyncResource } = require('async_hooks');
const als = new AsyncLocalStorage();
const seen = [];
const note = (name) => seen.push(`${name}:${als.getStore()}`);
let settle;
const late = new Promise((resolve) => { settle = resolve; });
als.run('a', () => {
    process.nextTick(() => note('tick'));
    setTimeout(() => note('timeout'), 1);
    setImmediate(() => note('immediate'));
    queueMicrotask(() => note('microtask'));
    // Settled by somebody else: the store is that of the one who waits.
    (async () => { await late; note('await'); })();
    als.exit(() => note('exit'));
});
const bound = als.run('b', () => AsyncResource.bind(() => note('bound')));
note('outside');
als.run('c', () => setTimeout(settle, 5));
late.then(() => setImmediate(() => {
    note('end');
    bound();
    assert.deepStrictEqual(seen.sort(), ['await:a', 'bound:b', 'end:undefined', 'exit:undefined', 'immediate:a',
        'microtask:a', 'outside:undefined', 'tick:a', 'timeout:a']);
}));
