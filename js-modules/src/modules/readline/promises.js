'use strict';

const Base = require('internal/readline/interface');
const { lineText, moves } = require('internal/readline/screen');
const { invalidArgType, validateInteger } = require('internal/errors');

class Interface extends Base.Interface {
    question(query, options = {}) { return Base.ask(this, query, options); }
}

// Movements of the cursor, collected and written at once.
class Readline {
    #stream;
    #commit;
    #todo = [];

    constructor(stream, options) {
        if (typeof stream?.write !== 'function') throw invalidArgType('stream', 'Writable', stream);
        this.#stream = stream;
        const commit = options?.autoCommit;
        if (commit !== undefined && typeof commit !== 'boolean') throw invalidArgType('options.autoCommit', 'boolean', commit);
        this.#commit = Boolean(commit);
    }

    #add(text) {
        if (this.#commit) process.nextTick(() => this.#stream.write(text)); else this.#todo.push(text);
        return this;
    }

    cursorTo(x, y = undefined) {
        validateInteger(x, 'x');
        if (y !== undefined && y !== null) validateInteger(y, 'y');
        return this.#add(y === undefined || y === null ? `\x1b[${x + 1}G` : `\x1b[${y + 1};${x + 1}H`);
    }

    moveCursor(dx, dy) {
        if (dx || dy) {
            validateInteger(dx, 'dx');
            validateInteger(dy, 'dy');
            this.#add(moves(dx, dy));
        }
        return this;
    }

    clearLine(direction) {
        validateInteger(direction, 'dir', -1, 1);
        return this.#add(lineText(direction));
    }

    clearScreenDown() { return this.#add('\x1b[0J'); }

    commit() {
        return new Promise((resolve) => { this.#stream.write(this.#todo.join(''), resolve); this.#todo = []; });
    }

    rollback() {
        this.#todo = [];
        return this;
    }
}

module.exports = { Interface, Readline, createInterface: (...args) => new Interface(...args) };
