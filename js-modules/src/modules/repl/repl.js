'use strict';

// Node's `repl`, and the `repl` command: lines are run as they are typed, and their values shown.

const fs = require('fs');
const path = require('path');
const readline = require('readline');
const { inspect } = require('util');
const text = require('internal/eval');
const Module = require('internal/cjs');
const { complete } = require('internal/repl/complete');

const HISTORY = 1000;

class Recoverable extends SyntaxError {
    constructor(error) {
        super();
        this.err = error;
    }
}

// True when more lines may make a text complete. A text in quotes goes on after a backslash only.
function isUnfinished(error, source) {
    if (!(error instanceof SyntaxError) || /Unexpected end of JSON/.test(error.message)) return false;
    return /abrupt end|[Uu]nterminated (template|comment)|unexpected end/.test(error.message)
        || (/[Uu]nterminated string/.test(error.message) && source.endsWith('\\'));
}

class REPLServer extends readline.Interface {
    constructor(options = {}) {
        if (typeof options === 'string') options = { prompt: options };
        const input = options.input ?? process.stdin;
        const output = options.output ?? process.stdout;
        let self;
        super({
            input,
            output,
            terminal: options.terminal ?? Boolean(output.isTTY && input.isTTY),
            completer: options.completer ?? ((line, callback) => callback(null, complete(line, self))),
            historySize: options.historySize ?? HISTORY,
            prompt: options.prompt ?? '> ',
        });
        self = this;
        this.commands = Object.create(null);
        this.context = globalThis;
        this.useColors = options.useColors ?? Boolean(this.terminal && output.hasColors?.());
        this.ignoreUndefined = Boolean(options.ignoreUndefined);
        this.writer = options.writer ?? ((value) => inspect(value, { colors: this.useColors, showProxy: true }));
        this.eval = options.eval ?? null;
        this._mainPrompt = this.getPrompt?.() ?? options.prompt ?? '> ';
        this._lines = [];
        this._typed = [];
        this._editor = false;
        this._busy = [];
        this._running = false;
        this._results('_');
        this._results('_error');
        for (const [name, command] of Object.entries(COMMANDS)) this.defineCommand(name, command);
        this.on('line', (line) => this._take(line));
        this.on('SIGINT', () => this._interrupt());
        this.on('close', () => {
            if (this._editor) this._run(this._lines.join('\n'));
            const ended = () => (this._running ? setImmediate(ended) : this.emit('exit'));
            ended();
        });
    }

    defineCommand(name, command) {
        this.commands[name] = typeof command === 'function' ? { action: command } : command;
    }

    displayPrompt(keep) {
        this.setPrompt(this._editor ? '' : this._lines.length ? '... ' : this._mainPrompt);
        this.prompt(keep);
    }

    clearBufferedCommand() {
        this._lines = [];
    }

    // `_` and `_error` follow the session until somebody assigns them.
    _results(name) {
        let value;
        this[`_set${name}`] = (to) => { value = to; };
        Object.defineProperty(globalThis, name, {
            configurable: true,
            enumerable: false,
            get: () => value,
            set: (to) => {
                Object.defineProperty(globalThis, name, { value: to, writable: true, configurable: true, enumerable: false });
                this._say(`Expression assignment to ${name} now disabled.`);
            },
        });
    }

    _say(line) {
        this.output.write(`${line}\n`);
    }

    _take(line) {
        if (this._running) {
            this._busy.push(line);
            return;
        }
        this._typed.push(line);
        if (!this._editor) {
            const command = /^\s*\.([a-z]\w*)(?:\s+(.*))?$/i.exec(line);
            if (command && Number.isNaN(Number(line)) && (this._lines.length === 0 || this.commands[command[1]])) {
                this._typed.pop();
                const known = this.commands[command[1]];
                if (known) known.action.call(this, (command[2] ?? '').trim()); else this._say('Invalid REPL keyword');
                if (!known) this.displayPrompt();
                return;
            }
        }
        this._lines.push(line);
        if (this._editor) return;
        if (this._lines.length === 1 && line.trim() === '') {
            this._lines = [];
            this.displayPrompt();
            return;
        }
        this._run(this._lines.join('\n'));
    }

    _run(source) {
        this._running = true;
        const done = (error, value) => this._done(error, value);
        try {
            if (this.eval) return this.eval.call(this, `${source}\n`, this.context, 'REPL', done);
            const result = text.evaluate(source, 'REPL');
            if (result.promise) result.promise.then((value) => done(null, value), (error) => done(error)); else done(null, result.value);
        } catch (error) {
            done(isUnfinished(error, source) && !this._editor ? new Recoverable(error) : error);
        }
    }

    _done(error, value) {
        this._running = false;
        if (error instanceof Recoverable) {
            this.displayPrompt();
        } else {
            this._editor = false;
            this._lines = [];
            if (error !== null && error !== undefined) {
                this._set_error(error);
                this._say(`Uncaught ${this._explain(error)}`);
            } else {
                this._set_(value);
                if (value !== undefined || !this.ignoreUndefined) this._say(this._explain(value));
            }
            if (!this.closed) this.displayPrompt();
        }
        if (this._draining) return; // a line that ends at once comes here from the loop below
        this._draining = true;
        while (!this._running && this._busy.length) this._take(this._busy.shift());
        this._draining = false;
    }

    // A value as it is shown; of an error's stack only what the user wrote.
    _explain(error) {
        const cut = /\n    at evaluate \(native\)(\n    at .*)*/;
        // A text that cannot be parsed has no frames: its stack is the place.
        if (error instanceof SyntaxError && error.stack.startsWith('REPL:')) return `${error.name}: ${error.message} (${error.stack.split('\n')[0]})`;
        return error instanceof Error ? this.writer(error).replace(cut, '') : this.writer(error);
    }

    _interrupt() {
        const empty = this._lines.length === 0 && this.line === '';
        this._editor = false;
        this._lines = [];
        this.line = '';
        this.cursor = 0;
        this.output.write('\n');
        if (empty && this._asked) return this.close();
        this._asked = empty;
        if (empty) this._say('(To exit, press Ctrl+C again or Ctrl+D or type .exit)');
        this.displayPrompt();
    }

    // Lines of earlier sessions; what is typed is added to the file when the session ends.
    setupHistory(file, callback = () => {}) {
        const fresh = [];
        try {
            const lines = fs.readFileSync(file, 'utf8').split('\n').filter(Boolean);
            this.history.push(...lines.slice(0, HISTORY));
        } catch (error) {
            if (error.code !== 'ENOENT') this._say(`The history cannot be read: ${error.message}`);
        }
        this.on('line', (line) => { if (line.trim()) fresh.unshift(line); });
        this.on('exit', () => {
            const lines = this.history.slice(0, HISTORY);
            if (fresh.length === 0) return;
            try {
                fs.mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
                fs.writeFileSync(file, `${lines.join('\n')}\n`, { mode: 0o600 });
            } catch (error) {
                this._say(`The history cannot be kept: ${error.message}`);
            }
        });
        callback(null, this);
    }
}

const COMMANDS = {
    help: {
        help: 'Print this help message',
        action() {
            const names = Object.keys(this.commands).sort();
            for (const name of names) this._say(`.${name.padEnd(9)}${this.commands[name].help ?? ''}`.trimEnd());
            this._say('\nPress Ctrl+C to abort current expression, Ctrl+D to exit the REPL');
            this.displayPrompt();
        },
    },
    break: {
        help: 'Sometimes you get stuck, this gets you out',
        action() {
            this.clearBufferedCommand();
            this.displayPrompt();
        },
    },
    exit: {
        help: 'Exit the REPL',
        action() {
            this.close();
        },
    },
    load: {
        help: 'Load JS from a file into the REPL session',
        action(file) {
            try {
                const source = fs.readFileSync(file, 'utf8');
                this._typed.push(...source.split('\n').filter(Boolean));
                this._editor = true; // what is not complete now is wrong
                this._run(source);
            } catch (error) {
                this._say(`Failed to load: ${file} (${error.message})`);
                this.displayPrompt();
            }
        },
    },
    save: {
        help: 'Save all evaluated commands in this REPL session to a file',
        action(file) {
            try {
                fs.writeFileSync(file, `${this._typed.join('\n')}\n`);
                this._say(`Session saved to: ${file}`);
            } catch (error) {
                this._say(`Failed to save: ${file} (${error.message})`);
            }
            this.displayPrompt();
        },
    },
    editor: {
        help: 'Enter editor mode',
        action() {
            this._editor = true;
            this._say('// Entering editor mode (Ctrl+D to finish, Ctrl+C to cancel)');
            this.displayPrompt();
        },
    },
};
COMMANDS.clear = { help: 'Alias for .break', action: COMMANDS.break.action };

function start(options) {
    const server = new REPLServer(options);
    server.displayPrompt();
    return server;
}

// The command `meshlite-agent repl`.
function main(version) {
    text.prepare('REPL');
    const terminal = Boolean(process.stdin.isTTY && process.stdout.isTTY);
    if (terminal) process.stdout.write(`Welcome to meshlite-agent ${version}.\nType ".help" for more information.\n`);
    const server = new REPLServer({ terminal });
    if (terminal) {
        const home = process.env.XDG_STATE_HOME || path.join(process.env.HOME || '/', '.local/state');
        const file = process.env.MESHLITE_REPL_HISTORY ?? path.join(home, 'meshlite/repl_history');
        if (file !== '') server.setupHistory(file);
        finishEditorWithEnd(server);
    }
    process.on('uncaughtException', (error) => {
        server._set_error(error);
        server._say(`Uncaught ${server.writer(error)}`);
        server.displayPrompt();
    });
    server.on('exit', () => process.exit());
    server.displayPrompt();
}

// In editor mode Ctrl+D ends the text, not the session.
function finishEditorWithEnd(server) {
    const close = server.close;
    server.close = function () {
        if (!this._editor) return close.call(this);
        const lines = this.line === '' ? this._lines : [...this._lines, this.line];
        this.line = '';
        this.cursor = 0;
        this.output.write('\n');
        this._run(lines.join('\n'));
    };
}

module.exports = { start, REPLServer, Recoverable, builtinModules: Module.builtinModules.filter((name) => !name.startsWith('_')), writer: inspect };
Object.defineProperty(module.exports, '_main', { value: main, enumerable: false });
