'use strict';

// One line after another, from any stream; with an editor on terminals.

const EventEmitter = require('events');
const { StringDecoder } = require('string_decoder');
const { abortError, invalidArgType, invalidArgValue, make, validateFunction, validateString } = require('internal/errors');
const emitKeypressEvents = require('internal/readline/keys');
const { moves, place } = require('internal/readline/screen');
const press = require('internal/readline/editor');

const LINE_END = /\r\n|\n|\r(?!\n)|\u2028|\u2029/g;
const MIN_CRLF_DELAY = 100;
// Lines an iterator holds before the input is paused.
const ITERATED = 1024;

const usedAfterClose = () => make(Error, 'ERR_USE_AFTER_CLOSE', 'readline was closed');

class Interface extends EventEmitter {
    constructor(input, output, completer, terminal) {
        super();
        let options = {};
        if (input?.input) { options = input; ({ input, output, completer, terminal } = options); }
        if (completer !== undefined && completer !== null && typeof completer !== 'function') throw invalidArgValue('completer', completer);
        const { history = [], historySize = 30, tabSize = 8, prompt = '> ', crlfDelay = MIN_CRLF_DELAY, signal } = options;
        if (typeof historySize !== 'number') throw invalidArgType('historySize', 'number', historySize);
        if (Number.isNaN(historySize) || historySize < 0) throw make(RangeError, 'ERR_OUT_OF_RANGE', `The value of "historySize" is out of range. It must be >= 0. Received ${historySize}`);
        if (!Array.isArray(history)) throw invalidArgType('history', 'Array', history);
        if (!Number.isInteger(tabSize) || tabSize < 1) throw make(typeof tabSize === 'number' ? RangeError : TypeError, typeof tabSize === 'number' ? 'ERR_OUT_OF_RANGE' : 'ERR_INVALID_ARG_TYPE', `The value of "tabSize" is out of range. It must be >= 1. Received ${String(tabSize)}`);
        if (options.escapeCodeTimeout !== undefined && !Number.isFinite(options.escapeCodeTimeout)) throw invalidArgValue('input.escapeCodeTimeout', options.escapeCodeTimeout);
        this.escapeCodeTimeout = options.escapeCodeTimeout ?? 500;
        this.input = input;
        this.output = output;
        this.terminal = terminal === undefined || terminal === null ? Boolean(output?.isTTY) : Boolean(terminal);
        this.line = '';
        this.cursor = 0;
        this.closed = false;
        this.paused = false;
        this.historySize = historySize;
        this.history = this.terminal && historySize > 0 ? history : [];
        this.historyIndex = -1;
        this.removeHistoryDuplicates = Boolean(options.removeHistoryDuplicates);
        this.crlfDelay = crlfDelay ? Math.max(MIN_CRLF_DELAY, crlfDelay) : MIN_CRLF_DELAY;
        this.tabSize = tabSize;
        this.isCompletionEnabled = true;
        // A completer with one parameter answers at once, or by a promise.
        this.completer = typeof completer === 'function' && completer.length !== 2
            ? (text, callback) => { Promise.resolve().then(() => completer(text)).then((found) => callback(null, found), callback); }
            : completer;
        for (const [name, value] of Object.entries({ _prompt: prompt, _sawReturnAt: 0, _rest: '', _question: null, _oldPrompt: '', _prevRows: 0, _undo: [], _redo: [], _killed: [], _lastTab: false, _historySearch: null })) {
            Object.defineProperty(this, name, { value, writable: true, configurable: true, enumerable: false });
        }
        if (this.terminal) this.#editing(); else this.#plain();
        if (signal) {
            if (typeof signal !== 'object' || !('aborted' in signal)) throw invalidArgType('options.signal', 'AbortSignal', signal);
            const close = () => this.close();
            if (signal.aborted) process.nextTick(close); else signal.addEventListener('abort', close, { once: true });
            this.once('close', () => signal.removeEventListener('abort', close));
        }
        input?.resume?.();
    }

    #plain() {
        const decoder = new StringDecoder('utf8');
        const data = (chunk) => this._normalWrite(typeof chunk === 'string' ? chunk : decoder.write(chunk));
        const end = () => {
            const last = this._rest + decoder.end();
            this._rest = '';
            if (last !== '') this.emit('line', last);
            this.close();
        };
        const error = (e) => this.emit('error', e);
        this.input.on('error', error);
        this.input.on('data', data);
        this.input.on('end', end);
        this.once('close', () => {
            this.input.removeListener('data', data);
            this.input.removeListener('end', end);
            this.input.removeListener('error', error);
        });
    }

    #editing() {
        const key = (text, name) => {
            this._ttyWrite(text, name);
            // What completes a half of a character pair is drawn with it.
        };
        const end = () => {
            if (this.line !== '') this.emit('line', this.line);
            this.close();
        };
        const error = (e) => this.emit('error', e);
        const resize = () => this._refreshLine();
        emitKeypressEvents(this.input, this);
        this.input.on('error', error);
        this.input.on('keypress', key);
        this.input.on('end', end);
        this._setRawMode(true);
        this.output?.on?.('resize', resize);
        this.once('close', () => {
            this.input.removeListener('keypress', key);
            this.input.removeListener('error', error);
            this.input.removeListener('end', end);
            this.output?.removeListener?.('resize', resize);
        });
    }

    get columns() { return this.output?.columns ?? Infinity; }
    getPrompt() { return this._prompt; }
    setPrompt(prompt) { this._prompt = prompt; }

    prompt(preserveCursor) {
        if (this.paused) this.resume();
        if (this.terminal && process.env.TERM !== 'dumb') {
            if (!preserveCursor) this.cursor = 0;
            this._refreshLine();
        } else {
            this._writeToOutput(this._prompt);
        }
    }

    question(query, options, callback) {
        if (typeof options === 'function') [callback, options] = [options, undefined];
        if (this.closed) throw usedAfterClose();
        const signal = options?.signal;
        if (signal) {
            if (typeof signal !== 'object' || !('aborted' in signal)) throw invalidArgType('options.signal', 'AbortSignal', signal);
            if (signal.aborted) return;
            const cancel = () => this._cancelQuestion();
            signal.addEventListener('abort', cancel, { once: true });
            const answered = callback;
            if (typeof answered === 'function') {
                callback = (answer) => {
                    signal.removeEventListener('abort', cancel);
                    return answered(answer);
                };
            }
        }
        if (typeof callback !== 'function') return;
        if (this._question !== null) {
            this.prompt();
            return;
        }
        this._oldPrompt = this._prompt;
        this.setPrompt(query);
        this._question = callback;
        this.prompt();
    }

    _cancelQuestion() {
        if (this._question === null) return;
        this._question = null;
        this.setPrompt(this._oldPrompt);
        this.line = '';
        this.cursor = 0;
    }

    _onLine(line) {
        if (this._question === null) {
            this.emit('line', line);
            return;
        }
        const answered = this._question;
        this._question = null;
        this.setPrompt(this._oldPrompt);
        answered(line);
    }

    write(data, key) {
        if (this.closed) throw usedAfterClose();
        if (this.paused) this.resume();
        if (this.terminal) this._ttyWrite(typeof data === 'string' || data === null || data === undefined ? data : String(data), key);
        else this._normalWrite(data);
    }

    pause() {
        if (this.paused) return;
        this.input?.pause?.();
        this.paused = true;
        this.emit('pause');
        return this;
    }

    resume() {
        if (!this.paused) return;
        this.input?.resume?.();
        this.paused = false;
        this.emit('resume');
        return this;
    }

    close() {
        if (this.closed) return;
        this.pause();
        if (this.terminal) this._setRawMode(false);
        this.closed = true;
        this.emit('close');
    }

    getCursorPos() {
        return place(this._prompt + this.line.slice(0, this.cursor), this.columns, this.tabSize);
    }

    _setRawMode(raw) {
        const was = this.input.isRaw;
        if (typeof this.input.setRawMode === 'function') this.input.setRawMode(raw);
        return was;
    }

    _writeToOutput(text) {
        validateString(text, 'stringToWrite');
        if (this.output !== null && this.output !== undefined) this.output.write(text);
    }

    _normalWrite(data) {
        if (data === undefined || data === null) return;
        let text = String(data);
        if (this._sawReturnAt > 0 && Date.now() - this._sawReturnAt <= this.crlfDelay && text[0] === '\n') text = text.slice(1);
        this._sawReturnAt = 0;
        if (text === '') return;
        const lines = (this._rest + text).split(LINE_END);
        if (text.endsWith('\r')) this._sawReturnAt = Date.now();
        this._rest = lines.pop();
        for (const line of lines) this._onLine(line);
    }

    _ttyWrite(text, key = {}) {
        if (!this.closed || key.ctrl) press(this, text, key);
    }

    _line() {
        const line = this._addHistory();
        this._undo.length = this._redo.length = 0;
        // Below the whole text, also when the cursor was in its middle.
        this._moveTo(this.line.length);
        this._writeToOutput('\r\n');
        this.line = '';
        this.cursor = 0;
        this._prevRows = 0;
        this._onLine(line);
    }

    _addHistory() {
        const line = this.line;
        this.historyIndex = -1;
        if (line === '' || this.historySize === 0 || line.trim() === '') return line;
        if (this.history.length === 0 || this.history[0] !== line) {
            if (this.removeHistoryDuplicates) {
                const old = this.history.indexOf(line);
                if (old !== -1) this.history.splice(old, 1);
            }
            this.history.unshift(line);
            if (this.history.length > this.historySize) this.history.pop();
        }
        this.emit('history', this.history);
        return this.history[0] ?? line;
    }

    _refreshLine() {
        const text = this._prompt + this.line, end = place(text, this.columns, this.tabSize), cursor = this.getCursorPos();
        let out = (this._prevRows > 0 ? moves(0, -this._prevRows) : '') + '\x1b[1G\x1b[0J' + text;
        // The last column is left only by the next character.
        if (end.cols === 0 && text !== '') out += ' ';
        out += `\x1b[${cursor.cols + 1}G` + moves(0, cursor.rows - end.rows);
        this._prevRows = cursor.rows;
        this._writeToOutput(out);
    }

    // Only the cursor moves.
    _moveTo(at) {
        const from = this.getCursorPos();
        this.cursor = at;
        const to = this.getCursorPos();
        if (from.rows === to.rows) {
            const step = moves(to.cols - from.cols, 0);
            if (step !== '') this._writeToOutput(step);
        } else {
            this._writeToOutput(moves(0, to.rows - from.rows) + `\x1b[${to.cols + 1}G`);
        }
        this._prevRows = to.rows;
    }

    _insertString(text) { press(this, text, {}); }

    [Symbol.asyncIterator]() {
        const lines = [], waiting = [];
        let ended = this.closed, failure = null;
        const settle = () => {
            while (waiting.length > 0 && (lines.length > 0 || ended)) {
                const { resolve, reject } = waiting.shift();
                if (lines.length > 0) resolve({ value: lines.shift(), done: false });
                else if (failure !== null) { reject(failure); failure = null; } else resolve({ value: undefined, done: true });
            }
            if (lines.length === 0 && this.paused && !this.closed) this.resume();
        };
        const line = (text) => { lines.push(text); if (lines.length >= ITERATED) this.pause(); settle(); };
        const close = () => { ended = true; stop(); settle(); };
        const error = (e) => { failure = e; close(); };
        const stop = () => { this.removeListener('line', line); this.removeListener('close', close); this.removeListener('error', error); };
        this.on('line', line);
        this.on('close', close);
        this.on('error', error);
        return {
            next: () => new Promise((resolve, reject) => { waiting.push({ resolve, reject }); settle(); }),
            return: () => { close(); this.close(); return Promise.resolve({ value: undefined, done: true }); },
            throw: (e) => { close(); this.close(); return Promise.reject(e); },
            [Symbol.asyncIterator]() { return this; },
        };
    }
}

Object.defineProperty(Interface.prototype.question, Symbol.for('nodejs.util.promisify.custom'), {
    value: function question(query, options) { return ask(this, query, options); },
});

// A question as a promise.
function ask(rl, query, options) {
    return new Promise((resolve, reject) => {
        const signal = options?.signal;
        if (signal?.aborted) { reject(abortError(signal)); return; }
        const given = {};
        let answered = resolve;
        if (signal) {
            const abort = () => { rl._cancelQuestion(); reject(abortError(signal)); };
            signal.addEventListener('abort', abort, { once: true });
            answered = (line) => { signal.removeEventListener('abort', abort); resolve(line); };
        }
        Interface.prototype.question.call(rl, query, given, answered);
    });
}

module.exports = { Interface, ask, validateFunction };
