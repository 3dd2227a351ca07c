//: prints done
const assert = require('assert');
const events = require('events');
const timers = require('timers/promises');
const { aborted } = require('util');
(async () => {
    const aborts = { name: 'AbortError', code: 'ABORT_ERR', message: 'The operation was aborted' };
    const soon = () => {
        const controller = new AbortController();
        setTimeout(() => controller.abort('why'), 2);
        return controller.signal;
    };
    await assert.rejects(timers.setTimeout(3600000, null, { signal: soon() }), { ...aborts, cause: 'why' });
    await assert.rejects(timers.setImmediate(1, { signal: AbortSignal.abort() }), aborts);
    await assert.rejects(timers.setTimeout(1, 1, { signal: 3 }), { code: 'ERR_INVALID_ARG_TYPE' });
    await assert.rejects(timers.scheduler.wait(3600000, { signal: soon() }), aborts);
    let ticks = 0;
    await assert.rejects(async () => {
        const { signal } = new AbortController();
        for await (const value of timers.setInterval(1, 'v', { signal: AbortSignal.any([signal, AbortSignal.timeout(2000), soon()]) })) {
            assert.strictEqual(value, 'v');
            ticks++;
        }
    }, aborts);
    for await (const value of timers.setInterval(1, 'w')) {
        assert.strictEqual(value, 'w');
        if (++ticks > 3) break;
    }
    const emitter = new events();
    await assert.rejects(events.once(emitter, 'x', { signal: soon() }), aborts);
    assert.deepStrictEqual([emitter.listenerCount('x'), emitter.listenerCount('error')], [0, 0]);
    await assert.rejects(events.once(emitter, 'x', { signal: AbortSignal.abort() }), aborts);
    await assert.rejects(async () => { for await (const _ of events.on(emitter, 'x', { signal: soon() })); }, aborts);
    assert.throws(() => events.on(emitter, 'x', { signal: AbortSignal.abort() }), aborts);
    // Event targets too.
    const target = new EventTarget();
    setTimeout(() => target.dispatchEvent(new Event('go')), 1);
    const [event] = await events.once(target, 'go');
    assert.strictEqual(event.type, 'go');
    assert.deepStrictEqual(events.getEventListeners(target, 'go'), []);
    setTimeout(() => { target.dispatchEvent(new Event('tick')); target.dispatchEvent(new Event('tick')); }, 1);
    let seen = 0;
    for await (const [one] of events.on(target, 'tick')) {
        assert.strictEqual(one.type, 'tick');
        if (++seen === 2) break;
    }
    assert.strictEqual(events.getEventListeners(target, 'tick').length, 0);
    const listener = () => {};
    target.addEventListener('go', listener);
    assert.deepStrictEqual(events.getEventListeners(target, 'go'), [listener]);
    events.setMaxListeners(1, target);
    const controller = new AbortController();
    let told = 0;
    events.addAbortListener(controller.signal, () => told++);
    const dropped = events.addAbortListener(controller.signal, () => told++);
    dropped[Symbol.dispose ?? Symbol.for('Symbol.dispose')]?.();
    const wait = aborted(controller.signal, {});
    controller.abort();
    await wait;
    assert.strictEqual(told, 1);
    console.log('done');
})();
