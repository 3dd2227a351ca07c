'use strict';

// node:test in its basic form: tests and suites with hooks, subtests, skip, todo, mocks; the report is TAP.

const { invalidArgType, make, validateFunction } = require('internal/errors');
const { MockTracker } = require('internal/test_mock');

class Context {
    constructor(node) {
        Object.defineProperty(this, 'node', { value: node });
        this.mock = new MockTracker();
    }

    get name() {
        return this.node.name;
    }

    get signal() {
        return this.node.controller.signal;
    }

    get assert() {
        return require('assert');
    }

    diagnostic(message) {
        this.node.notes.push(String(message));
    }

    skip(message) {
        this.node.skipped = message ?? true;
    }

    todo(message) {
        this.node.todo = message ?? true;
    }

    plan(count) {
        if (typeof count !== 'number') throw invalidArgType('count', 'number', count);
        this.node.planned = count;
    }

    test(...args) {
        return this.node.add(args, false, {});
    }

    before(fn) {
        this.node.hook('before', fn);
    }

    after(fn) {
        this.node.hook('after', fn);
    }

    beforeEach(fn) {
        this.node.hook('beforeEach', fn);
    }

    afterEach(fn) {
        this.node.hook('afterEach', fn);
    }
}
Context.prototype.it = Context.prototype.test;

class Node {
    constructor(parent, name, options, body, suite) {
        this.parent = parent;
        this.name = name;
        this.body = body;
        this.suite = suite;
        this.skipped = options.skip;
        this.todo = options.todo;
        this.limit = options.timeout ?? Infinity;
        this.planned = options.plan;
        this.ran = 0;
        this.notes = [];
        this.hooks = { before: [], after: [], beforeEach: [], afterEach: [] };
        this.children = Promise.resolve();
        this.failed = 0;
        this.count = 0;
        this.depth = parent ? parent.depth + 1 : -1;
        this.controller = new AbortController();
    }

    hook(kind, fn) {
        validateFunction(fn ?? (() => {}), 'fn');
        this.hooks[kind].push(fn);
    }

    // Adds a child that runs after those before it.
    add(args, suite, forced) {
        const [name, options, body] = sorted(args);
        const child = new Node(this, name, { ...options, ...forced }, body, suite);
        this.ran++;
        if (suite && !child.skipped) child.collect();
        const done = this.children.then(() => child.run());
        this.children = done;
        return done;
    }

    // The body of a suite runs at once: it only adds tests.
    collect() {
        const before = current;
        current = this;
        try {
            this.pending = this.body?.call(new Context(this), new Context(this));
        } catch (error) {
            this.error = error;
        } finally {
            current = before;
        }
    }

    async run() {
        const number = ++this.parent.count;
        const started = performance.now();
        let error = this.error;
        if (!this.skipped && error === undefined) error = await this.attempt();
        if (this.planned !== undefined && error === undefined && this.planned !== this.ran) {
            error = new Error(`plan expected ${this.planned} but received ${this.ran}`);
        }
        if (error === undefined && this.failed > 0) error = new Error(`${this.failed} subtest${this.failed > 1 ? 's' : ''} failed`);
        if (error !== undefined && !this.todo) this.parent.failed++;
        this.report(number, error, performance.now() - started);
        this.controller.abort();
    }

    async attempt() {
        const context = new Context(this);
        const failures = [];
        const guarded = async (fn, ...args) => {
            try {
                await call(fn, context, args);
            } catch (error) {
                failures.push(error ?? new Error(`failed with ${error}`));
            }
        };
        if (!this.parent.ready) this.parent.ready = runAll(this.parent.hooks.before, guarded);
        await this.parent.ready;
        if (!this.suite) for (const node of this.ancestors()) await runAll(node.hooks.beforeEach, guarded);
        if (failures.length === 0) {
            await guarded(() => this.limited(context));
        }
        await this.children;
        if (!this.suite) for (const node of this.ancestors().reverse()) await runAll(node.hooks.afterEach, guarded);
        await runAll(this.hooks.after, guarded);
        context.mock.reset();
        return failures.length ? failures[0] : undefined;
    }

    ancestors() {
        const all = [];
        for (let node = this.parent; node; node = node.parent) all.unshift(node);
        return all;
    }

    limited(context) {
        const work = this.suite ? this.pending : call(this.body, context, [context]);
        if (this.limit === Infinity) return work;
        let timer;
        const late = new Promise((resolve, reject) => {
            timer = setTimeout(() => {
                this.controller.abort();
                reject(make(Error, 'ERR_TEST_FAILURE', `test timed out after ${this.limit}ms`));
            }, this.limit);
        });
        return Promise.race([work, late]).finally(() => clearTimeout(timer));
    }

    report(number, error, took) {
        const pad = '    '.repeat(this.depth);
        let line = `${error === undefined ? 'ok' : 'not ok'} ${number} - ${this.name}`;
        if (this.skipped) line += ` # SKIP${typeof this.skipped === 'string' ? ` ${this.skipped}` : ''}`;
        else if (this.todo) line += ` # TODO${typeof this.todo === 'string' ? ` ${this.todo}` : ''}`;
        const lines = [line, '  ---', `  duration_ms: ${took.toFixed(3)}`];
        if (error !== undefined) lines.push(...`  error: ${require('util').inspect(error)}`.split('\n').map((one, at) => (at ? `    ${one}` : one)));
        lines.push('  ...', ...this.notes.map((note) => `# ${note}`));
        process.stdout.write(`${lines.map((one) => pad + one).join('\n')}\n`);
    }
}

// A function that takes a callback beside its context is done when that is called.
function call(fn, context, args) {
    if (fn === undefined) return undefined;
    if (fn.length > args.length && args.length > 0) {
        return new Promise((resolve, reject) => {
            fn.call(context, ...args, (error) => (error ? reject(error) : resolve()));
        });
    }
    return fn.apply(context, args);
}

async function runAll(hooks, guarded) {
    for (const hook of hooks) await guarded(hook);
}

function sorted(args) {
    const rest = [...args];
    const name = typeof rest[0] === 'string' ? rest.shift() : undefined;
    const options = rest[0] !== null && typeof rest[0] === 'object' ? rest.shift() : {};
    const [body] = rest;
    if (body !== undefined) validateFunction(body, 'fn');
    return [name || body?.name || '<anonymous>', options, body];
}

const root = new Node(null, '', {}, undefined, true);
let current = root;
let begun = false;

function begin() {
    if (begun) return;
    begun = true;
    process.stdout.write('TAP version 13\n');
    process.once('beforeExit', async () => {
        await runAll(root.hooks.after, async (fn) => call(fn, undefined, []));
        process.stdout.write(`1..${root.count}\n# tests ${root.count}\n# fail ${root.failed}\n`);
    });
    process.on('exit', (code) => {
        if (root.failed > 0 && code === 0) process.exitCode = 1;
    });
}

function entry(suite) {
    const make = (forced) => (...args) => {
        begin();
        return current.add(args, suite, forced);
    };
    return Object.assign(make({}), { skip: make({ skip: true }), todo: make({ todo: true }), only: make({}) });
}

const test = entry(false);
const suite = entry(true);
const hook = (kind) => (fn) => current.hook(kind, fn);

module.exports = Object.assign(test, {
    test,
    it: entry(false),
    describe: suite,
    suite,
    before: hook('before'),
    after: hook('after'),
    beforeEach: hook('beforeEach'),
    afterEach: hook('afterEach'),
    mock: new MockTracker(),
});
