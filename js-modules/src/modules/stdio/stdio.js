'use strict';

// process.stdin, process.stdout and process.stderr.

const { Readable, Writable } = require('stream');
const { invalidArgType, make } = require('internal/errors');

// Writes at once: Node's outputs to files, terminals and (on Linux) pipes do as well.
class Output extends Writable {
    constructor(fd) {
        super({ decodeStrings: false });
        hide(this, 'fd', fd);
        hide(this, '_type', native.kind(fd));
        hide(this, '_isStdio', true);
    }

    _write(chunk, encoding, callback) {
        native.write(this.fd, typeof chunk === 'string' && encoding !== 'utf8' && encoding !== 'utf-8' ? Buffer.from(chunk, encoding) : chunk);
        callback();
    }

    // The process keeps its outputs whatever a script does to the stream.
    _destroy(error, callback) {
        callback(error);
    }
}

function hide(object, name, value) {
    Object.defineProperty(object, name, { value, writable: true, configurable: true, enumerable: true });
}

// ANSI sequences; `direction` and positions as in Node.
const CLEAR_LINE = new Map([[-1, '\x1b[1K'], [1, '\x1b[0K'], [0, '\x1b[2K']]);

function finish(stream, text, callback) {
    if (callback !== undefined && typeof callback !== 'function') throw invalidArgType('callback', 'function', callback);
    if (text === '') {
        if (callback) process.nextTick(callback, null);
        return true;
    }
    return stream.write(text, callback);
}

class TerminalOutput extends Output {
    constructor(fd) {
        super(fd);
        this.isTTY = true;
        [this.columns, this.rows] = native.size(fd) ?? [80, 24];
    }

    _refreshSize() {
        const size = native.size(this.fd);
        if (size === undefined || (size[0] === this.columns && size[1] === this.rows)) return;
        [this.columns, this.rows] = size;
        this.emit('resize');
    }

    getWindowSize() {
        return [this.columns, this.rows];
    }

    getColorDepth(env = process.env) {
        if (env.FORCE_COLOR !== undefined) {
            return { '': 4, 1: 4, true: 4, 2: 8, 3: 24 }[env.FORCE_COLOR] ?? 1;
        }
        if (env.NO_COLOR || env.NODE_DISABLE_COLORS || env.TERM === 'dumb') return 1;
        if (env.COLORTERM === 'truecolor' || env.COLORTERM === '24bit') return 24;
        if (/-256(color)?$/.test(env.TERM ?? '') || env.TMUX) return 8;
        if (/^(screen|xterm|vt100|vt220|rxvt|linux|ansi|cygwin|putty|tmux)/i.test(env.TERM ?? '') || env.COLORTERM) return 4;
        return 1;
    }

    hasColors(count = 16, env = process.env) {
        if (typeof count === 'object') [count, env] = [16, count];
        return count <= 2 ** this.getColorDepth(env);
    }

    clearLine(direction, callback = undefined) {
        return finish(this, CLEAR_LINE.get(Math.sign(direction)) ?? CLEAR_LINE.get(0), callback);
    }

    clearScreenDown(callback = undefined) {
        return finish(this, '\x1b[0J', callback);
    }

    cursorTo(x, y = undefined, callback = undefined) {
        if (typeof y === 'function') [y, callback] = [undefined, y];
        if (typeof x !== 'number' || Number.isNaN(x)) throw make(TypeError, 'ERR_INVALID_CURSOR_POS', 'Cannot set cursor row without setting its column');
        return finish(this, typeof y === 'number' ? `\x1b[${y + 1};${x + 1}H` : `\x1b[${x + 1}G`, callback);
    }

    moveCursor(dx, dy, callback = undefined) {
        const sideways = dx < 0 ? `\x1b[${-dx}D` : dx > 0 ? `\x1b[${dx}C` : '';
        const upright = dy < 0 ? `\x1b[${-dy}A` : dy > 0 ? `\x1b[${dy}B` : '';
        return finish(this, sideways + upright, callback);
    }
}

// A script that does not own the process has an empty input.
class Input extends Readable {
    #handle;
    #asked = false;

    constructor() {
        super({ highWaterMark: 64 * 1024, autoDestroy: false });
        hide(this, 'fd', 0);
        this.#handle = native.open((kind, value) => this.#event(kind, value));
        // What is paused holds nobody: the script may end.
        this.on('pause', () => process.nextTick(() => this.#want()));
        this.on('resume', () => this.#want());
    }

    #want() {
        // isPaused() is also true of a stream that is read by 'readable'.
        const paused = this._readableState.explicitlyPaused;
        if (this.#handle !== undefined) native.want(this.#handle, this.#asked && !paused && !this.destroyed);
    }

    #event(kind, value) {
        this.#asked = false;
        if (kind === 'data') {
            this.push(value);
        } else if (kind === 'end') {
            this.push(null);
        } else {
            const error = make(Error, value, `${value}: read`);
            error.syscall = 'read';
            this.destroy(error);
        }
    }

    _read() {
        if (this.#handle === undefined) {
            this.push(null);
            return;
        }
        this.#asked = true;
        this.#want();
    }

    _destroy(error, callback) {
        this.#want();
        callback(error);
    }

    ref() {
        if (this.#handle !== undefined) native.setRef(this.#handle, true);
        return this;
    }

    unref() {
        if (this.#handle !== undefined) native.setRef(this.#handle, false);
        return this;
    }

    _setRaw(raw) {
        native.setRaw(this.#handle, raw);
    }
}

class TerminalInput extends Input {
    constructor() {
        super();
        this.isTTY = true;
        this.isRaw = false;
    }

    setRawMode(raw) {
        this._setRaw(Boolean(raw));
        this.isRaw = Boolean(raw);
        return this;
    }
}

Object.defineProperty(Input, 'name', { value: 'ReadStream' });
Object.defineProperty(TerminalInput, 'name', { value: 'ReadStream' });
Object.defineProperty(TerminalOutput, 'name', { value: 'WriteStream' });
Object.defineProperty(Output, 'name', { value: 'WriteStream' });

let input;
const outputs = [];

module.exports = {
    TerminalInput,
    TerminalOutput,
    ignore: native.ignore,
    input() {
        return (input ??= native.isTerminal(0) ? new TerminalInput() : new Input());
    },
    isTerminal: native.isTerminal,
    listen: native.listen,
    output(fd) {
        if (outputs[fd] !== undefined) return outputs[fd];
        const stream = native.isTerminal(fd) ? new TerminalOutput(fd) : new Output(fd);
        if (stream.isTTY) process.on('SIGWINCH', () => stream._refreshSize());
        return (outputs[fd] = stream);
    },
};
