'use strict';

// `meshlite:test`: starts a core in the place where the agent would, and talks to it as the server does.

const fs = require('fs');
const path = require('path');
const { pathToFileURL } = require('url');
const { inspect } = require('util');

const PATIENCE = 5000;
const KEPT = 10000; // messages and lines that no test has taken yet

let numbers = 0;

class Core {
    #number = ++numbers;
    #session = `user//test/${this.#number}`;
    #waiting = new Set();
    #stopped = null;
    #state = 'starting';

    constructor(name, text, options, ready) {
        this.name = name;
        this.messages = [];
        this.lines = [];
        this.exceptions = [];
        this.requests = [];
        const settings = Object.entries(options.settings ?? {}).map(([key, value]) => [key, String(value)]);
        native.start(this.#number, name, text, JSON.stringify(options.grant ?? {}), JSON.stringify(Object.fromEntries(settings)),
            options.connected ?? true, (kind, ...args) => this.#told(kind, args, ready));
    }

    /** A message of the server: an object goes as JSON, a text as it is, bytes as a binary command. */
    send(message) {
        this.#mustRun();
        if (ArrayBuffer.isView(message)) native.binary(this.#number, message);
        else native.text(this.#number, typeof message === 'string' ? message : JSON.stringify(message));
    }

    /** The next message of the core that fits: an action, an object whose fields it has, or a function. */
    receive(wanted = () => true, options = {}) {
        return this.#next(this.messages, fitting(wanted), `a message ${describe(wanted)}`, options);
    }

    /** Types a line on the core's console and gives the answer. */
    async console(line, options = {}) {
        this.send({
            action: 'msg', type: 'console', value: line, sessionid: this.#session, rights: 4294967295, consent: 0,
            username: 'test', userid: 'user//test',
        });
        const mine = (message) => message.action === 'msg' && message.type === 'console' && message.sessionid === this.#session;
        const answer = await this.#next(this.messages, mine, `an answer to the console line ${inspect(line)}`, options);
        return answer.value;
    }

    /** The next line that the core writes with `console.log` and its kind, that contains a text or fits an expression. */
    async logged(wanted = '', options = {}) {
        const fits = ({ text }) => (wanted instanceof RegExp ? wanted.test(text) : text.includes(wanted));
        return (await this.#next(this.lines, fits, `a console line with ${inspect(wanted)}`, options)).text;
    }

    /** The next exception that nothing in the core caught, as text with file, line and stack. */
    thrown(options = {}) {
        return this.#next(this.exceptions, () => true, 'an exception', options);
    }

    /** The next thing the core asks of the agent, such as `RestartCore`. */
    requested(options = {}) {
        return this.#next(this.requests, () => true, 'a request to the agent', options);
    }

    /** The channel to the server is lost. */
    disconnect() {
        this.#mustRun();
        native.connected(this.#number, false);
    }

    /** The channel to the server opens. */
    connect() {
        this.#mustRun();
        native.connected(this.#number, true);
    }

    /** Ends the core. An exception that no test asked for makes it fail. */
    async stop() {
        if (this.#state === 'running') {
            native.stop(this.#number);
            await new Promise((resolve) => { this.#stopped = resolve; });
        }
        const [first] = this.exceptions.splice(0);
        if (first !== undefined) throw new Error(`nobody expected this exception of the core: ${first}`);
    }

    #mustRun() {
        if (this.#state !== 'running') throw new Error(`the core ${this.name} does not run: it ${this.#state}`);
    }

    #told(kind, args, ready) {
        switch (kind) {
            case 'started': this.#state = 'running'; ready(null); break;
            case 'failed': this.#state = 'failed to start'; ready(new Error(args[1] ?? args[0])); break;
            case 'sent': this.#keep(this.messages, parsed(args[0])); break;
            case 'binary': this.#keep(this.messages, args[0]); break;
            case 'log': this.#keep(this.lines, { level: ['debug', 'info', 'warn', 'error'][args[0]], text: args[1] }); break;
            case 'exception': this.#keep(this.exceptions, args[1]); break;
            case 'request': this.#keep(this.requests, args[0]); break;
            case 'full': this.#keep(this.exceptions, args[0]); break;
            case 'crashed':
                this.#keep(this.exceptions, args[1]);
                this.#over('crashed');
                break;
            case 'exited': this.#over(`exited with ${args[0]}`); break;
            case 'stopped': this.#over('was stopped'); break;
        }
    }

    #over(how) {
        this.#state = how;
        this.#stopped?.();
        for (const waiter of [...this.#waiting]) waiter.over(how);
    }

    #keep(list, item) {
        for (const waiter of this.#waiting) {
            if (waiter.list === list && waiter.fits(item)) {
                waiter.done(item);
                return;
            }
        }
        if (list.length >= KEPT) list.shift();
        list.push(item);
    }

    #next(list, fits, what, { timeout = PATIENCE } = {}) {
        const at = list.findIndex(fits);
        if (at >= 0) return Promise.resolve(list.splice(at, 1)[0]);
        const trace = new Error();
        return new Promise((resolve, reject) => {
            const fail = (why) => {
                end();
                const seen = list.slice(-5).map((item) => `\n  ${inspect(item, { breakLength: Infinity })}`).join('');
                const thrown = list === this.exceptions ? '' : this.exceptions.map((text) => `\nThe core threw: ${text}`).join('');
                trace.message = `no ${what.replace(/^an? /, '')} ${why}${seen && `; there came:${seen}`}${thrown}`;
                reject(trace);
            };
            const timer = setTimeout(() => fail(`within ${timeout} ms`), timeout);
            const waiter = {
                list, fits, over: (how) => fail(`before the core ${how}`),
                done: (item) => { end(); resolve(item); },
            };
            const end = () => { clearTimeout(timer); this.#waiting.delete(waiter); };
            this.#waiting.add(waiter);
            if (this.#state !== 'running' && this.#state !== 'starting') fail(`: the core ${this.#state}`);
        });
    }
}

function parsed(text) {
    try {
        return JSON.parse(text);
    } catch {
        return text;
    }
}

function fitting(wanted) {
    if (typeof wanted === 'function') return wanted;
    if (typeof wanted === 'string') return (message) => message?.action === wanted;
    const has = (message, fields) => message !== null && typeof message === 'object' && Object.entries(fields).every(([key, value]) => (
        value !== null && typeof value === 'object' ? has(message[key], value) : Object.is(message[key], value)));
    return (message) => has(message, wanted);
}

const describe = (wanted) => (typeof wanted === 'function' ? 'that fits' : `like ${inspect(wanted)}`);

/**
 * Starts a core; `t` is the test's context, at whose end the core ends.
 * Options: `file` (core.js), `grant` (permissions beyond the manifest's), `settings` (what `_MSH()` gives), `connected`.
 */
function start(t, options = {}) {
    const file = path.resolve(native.folder, options.file ?? 'core.js');
    const text = options.text ?? fs.readFileSync(file, 'utf8').replace(/^\ufeff/, '');
    return new Promise((resolve, reject) => {
        const core = new Core(options.text === undefined ? path.basename(file) : 'core.js', text, options, (error) => {
            if (error) reject(error); else resolve(core);
        });
        t?.after?.(() => core.stop());
    });
}

// Loads the files of tests one after the other; one that does not load is a failed test.
async function run(...files) {
    const Module = require('internal/cjs');
    const test = require('node:test');
    for (const file of files) {
        try {
            if (Module._isModule(file)) await import(pathToFileURL(file).href); else Module._load(file, null);
        } catch (error) {
            test(`${path.relative(process.cwd(), file)} can be loaded`, () => { throw error; });
        }
    }
}

module.exports = { start };
Object.defineProperty(module.exports, '_run', { value: run, enumerable: false });
