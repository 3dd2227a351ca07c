'use strict';

const { Interface } = require('internal/readline/interface');
const { clearLine, clearScreenDown, cursorTo, moveCursor } = require('internal/readline/screen');

// Callable without `new`, as in Node.
const Callable = new Proxy(Interface, { apply: (target, self, args) => new target(...args) });
Interface.prototype.constructor = Callable;

module.exports = {
    Interface: Callable,
    clearLine,
    clearScreenDown,
    createInterface: (...args) => new Interface(...args),
    cursorTo,
    emitKeypressEvents: require('internal/readline/keys'),
    moveCursor,
    get promises() { return require('readline/promises'); },
};
