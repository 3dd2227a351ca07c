'use strict';
// `ReadableStream`, as far as bodies of fetch need it: one default reader, async iteration, tee, cancel.

const { make } = require('internal/errors');

function typeError(text) { return make(TypeError, 'ERR_INVALID_STATE', text); }

class Controller {
    #stream;
    constructor(stream) { this.#stream = stream; }
    get desiredSize() {
        const state = this.#stream._state;
        return state.status === 'readable' ? state.mark - state.size : state.status === 'closed' ? 0 : null;
    }
    enqueue(chunk) {
        const state = this.#stream._state;
        if (state.status !== 'readable' || state.closing) throw typeError('Invalid state: Controller is already closed');
        if (state.waiting.length > 0) {
            state.waiting.shift().resolve({ value: chunk, done: false });
        } else {
            const size = state.sizeOf(chunk);
            state.queue.push([chunk, size]);
            state.size += size;
        }
        pull(this.#stream);
    }
    close() {
        const state = this.#stream._state;
        if (state.status !== 'readable' || state.closing) throw typeError('Invalid state: Controller is already closed');
        state.closing = true;
        if (state.queue.length === 0) finish(state);
    }
    error(reason) { fail(this.#stream._state, reason); }
}

function finish(state) {
    if (state.status !== 'readable') return;
    state.status = 'closed';
    for (const one of state.waiting.splice(0)) one.resolve({ value: undefined, done: true });
    state.closed.resolve();
}

function fail(state, reason) {
    if (state.status !== 'readable') return;
    state.status = 'errored';
    state.reason = reason;
    state.queue = [];
    state.size = 0;
    for (const one of state.waiting.splice(0)) one.reject(reason);
    state.closed.reject(reason);
}

function pull(stream) {
    const state = stream._state;
    if (state.status !== 'readable' || state.closing || !state.started || typeof state.source.pull !== 'function') return;
    if (state.size >= state.mark && state.waiting.length === 0) return;
    if (state.pulling) { state.again = true; return; }
    state.pulling = true;
    const done = () => {
        state.pulling = false;
        if (state.again) { state.again = false; pull(stream); }
    };
    try {
        Promise.resolve(state.source.pull(state.controller)).then(done, (e) => fail(state, e));
    } catch (e) {
        fail(state, e);
    }
}

function deferred() {
    const made = {};
    made.promise = new Promise((resolve, reject) => { made.resolve = resolve; made.reject = reject; });
    made.promise.catch(() => {});
    return made;
}

class ReadableStream {
    constructor(source = {}, strategy = {}) {
        if (source === null || typeof source !== 'object') throw new TypeError('The source of a ReadableStream must be an object');
        const mark = strategy.highWaterMark === undefined ? (source.type === 'bytes' ? 0 : 1) : Number(strategy.highWaterMark);
        if (Number.isNaN(mark) || mark < 0) throw new RangeError('Invalid highWaterMark');
        const state = {
            source, mark, sizeOf: typeof strategy.size === 'function' ? strategy.size : () => 1,
            queue: [], size: 0, status: 'readable', reason: undefined, waiting: [], closing: false, started: false,
            pulling: false, again: false, reader: null, disturbed: false, closed: deferred(), controller: null,
        };
        Object.defineProperty(this, '_state', { value: state });
        state.controller = new Controller(this);
        const started = () => { state.started = true; pull(this); };
        const outcome = typeof source.start === 'function' ? source.start(state.controller) : undefined;
        Promise.resolve(outcome).then(started, (e) => fail(state, e));
    }

    get locked() { return this._state.reader !== null; }

    getReader(options) {
        if (options && options.mode !== undefined) throw make(TypeError, 'ERR_INVALID_ARG_VALUE', 'only default readers exist here');
        if (this.locked) throw typeError('Invalid state: ReadableStream is locked');
        return new ReadableStreamDefaultReader(this);
    }

    cancel(reason) {
        if (this.locked) return Promise.reject(typeError('Invalid state: ReadableStream is locked'));
        return cancel(this, reason);
    }

    tee() {
        const reader = this.getReader(), branches = [];
        let reading = false, canceled = 0;
        const read = () => {
            if (reading) return;
            reading = true;
            reader.read().then(({ value, done }) => {
                reading = false;
                for (const one of branches) {
                    if (one.gone) continue;
                    if (done) one.controller.close(); else one.controller.enqueue(value);
                }
            }, (e) => { for (const one of branches) one.controller.error(e); });
        };
        const branch = () => {
            const one = { controller: null, gone: false };
            branches.push(one);
            return new ReadableStream({
                start(controller) { one.controller = controller; },
                pull: read,
                cancel(reason) { one.gone = true; if (++canceled === 2) return reader.cancel(reason); },
            }, { highWaterMark: 0 });
        };
        return [branch(), branch()];
    }

    async pipeTo(target) {
        const writer = target.getWriter();
        for await (const chunk of this) await writer.write(chunk);
        await writer.close();
    }

    values(options) {
        const reader = this.getReader(), keep = Boolean(options && options.preventCancel);
        return {
            async next() {
                const step = await reader.read();
                if (step.done) reader.releaseLock();
                return step;
            },
            async return(value) {
                if (!keep) await reader.cancel(value);
                reader.releaseLock();
                return { value, done: true };
            },
            [Symbol.asyncIterator]() { return this; },
        };
    }

    static from(iterable) {
        const from = iterable[Symbol.asyncIterator] ? iterable[Symbol.asyncIterator]() : iterable[Symbol.iterator]();
        return new ReadableStream({
            async pull(controller) {
                const { value, done } = await from.next();
                if (done) controller.close(); else controller.enqueue(value);
            },
            async cancel(reason) { if (from.return) await from.return(reason); },
        }, { highWaterMark: 0 });
    }
}
Object.defineProperty(ReadableStream.prototype, Symbol.asyncIterator, { value: ReadableStream.prototype.values, writable: true, configurable: true });
Object.defineProperty(ReadableStream.prototype, Symbol.toStringTag, { value: 'ReadableStream', configurable: true });

function cancel(stream, reason) {
    const state = stream._state;
    state.disturbed = true;
    if (state.status === 'closed') return Promise.resolve();
    if (state.status === 'errored') return Promise.reject(state.reason);
    state.queue = [];
    state.size = 0;
    finish(state);
    try {
        return Promise.resolve(typeof state.source.cancel === 'function' ? state.source.cancel(reason) : undefined).then(() => {});
    } catch (e) {
        return Promise.reject(e);
    }
}

class ReadableStreamDefaultReader {
    #stream;
    constructor(stream) {
        this.#stream = stream;
        stream._state.reader = this;
    }
    get closed() { return this.#stream ? this.#stream._state.closed.promise : Promise.reject(typeError('Invalid state: The reader is released')); }
    read() {
        const stream = this.#stream;
        if (!stream) return Promise.reject(typeError('Invalid state: The reader is not attached to a stream'));
        const state = stream._state;
        state.disturbed = true;
        if (state.queue.length > 0) {
            const [value, size] = state.queue.shift();
            state.size -= size;
            if (state.closing && state.queue.length === 0) finish(state); else pull(stream);
            return Promise.resolve({ value, done: false });
        }
        if (state.status === 'closed') return Promise.resolve({ value: undefined, done: true });
        if (state.status === 'errored') return Promise.reject(state.reason);
        const one = deferred();
        state.waiting.push(one);
        pull(stream);
        return one.promise;
    }
    cancel(reason) {
        return this.#stream ? cancel(this.#stream, reason) : Promise.reject(typeError('Invalid state: The reader is not attached to a stream'));
    }
    releaseLock() {
        if (!this.#stream) return;
        const state = this.#stream._state;
        state.reader = null;
        this.#stream = undefined;
        for (const one of state.waiting.splice(0)) one.reject(typeError('Invalid state: The reader was released'));
    }
}

module.exports = { ReadableStream, ReadableStreamDefaultReader };
