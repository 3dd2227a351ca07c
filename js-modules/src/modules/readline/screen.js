'use strict';

// Where the cursor is, and how to move it.

const { invalidArgType, invalidArgValue, make } = require('internal/errors');

function say(stream, text, callback) {
    if (callback !== undefined && typeof callback !== 'function') throw invalidArgType('callback', 'function', callback);
    if (stream === null || stream === undefined || text === '') {
        if (callback) process.nextTick(callback, null);
        return true;
    }
    return stream.write(text, callback);
}

function cursorTo(stream, x, y, callback) {
    if (callback !== undefined && typeof callback !== 'function') throw invalidArgType('callback', 'function', callback);
    if (typeof y === 'function') [y, callback] = [undefined, y];
    if (Number.isNaN(x)) throw invalidArgValue('x', x);
    if (Number.isNaN(y)) throw invalidArgValue('y', y);
    if (stream === null || stream === undefined || (typeof x !== 'number' && typeof y !== 'number')) return say(null, '', callback);
    if (typeof x !== 'number') throw make(TypeError, 'ERR_INVALID_CURSOR_POS', 'Cannot set cursor row without setting its column');
    return say(stream, typeof y === 'number' ? `\x1b[${y + 1};${x + 1}H` : `\x1b[${x + 1}G`, callback);
}

function moves(dx, dy) {
    const sideways = dx < 0 ? `\x1b[${-dx}D` : dx > 0 ? `\x1b[${dx}C` : '';
    return sideways + (dy < 0 ? `\x1b[${-dy}A` : dy > 0 ? `\x1b[${dy}B` : '');
}

const lineText = (direction) => (direction < 0 ? '\x1b[1K' : direction > 0 ? '\x1b[0K' : '\x1b[2K');
const ANSI = /\x1b(?:\[[0-9;?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\))/g;

// Columns one character takes: none for marks that join the one before, two for the wide scripts and pictures.
function columnsOf(code) {
    if (code < 32 || (code >= 0x7f && code < 0xa0)) return 0;
    if ((code >= 0x300 && code <= 0x36f) || (code >= 0x200b && code <= 0x200f) || (code >= 0x20d0 && code <= 0x20ff) ||
        (code >= 0xfe00 && code <= 0xfe0f) || (code >= 0xfe20 && code <= 0xfe2f) || (code >= 0xe0100 && code <= 0xe01ef)) return 0;
    const wide = code >= 0x1100 && (code <= 0x115f || code === 0x2329 || code === 0x232a ||
        (code >= 0x2e80 && code <= 0x3247 && code !== 0x303f) || (code >= 0x3250 && code <= 0x4dbf) || (code >= 0x4e00 && code <= 0xa4c6) ||
        (code >= 0xa960 && code <= 0xa97c) || (code >= 0xac00 && code <= 0xd7a3) || (code >= 0xf900 && code <= 0xfaff) ||
        (code >= 0xfe30 && code <= 0xfe6b) || (code >= 0xff01 && code <= 0xff60) || (code >= 0xffe0 && code <= 0xffe6) ||
        (code >= 0x1b000 && code <= 0x1b001) || (code >= 0x1f200 && code <= 0x1f251) || (code >= 0x1f300 && code <= 0x1f64f) ||
        (code >= 0x1f900 && code <= 0x1f9ff) || (code >= 0x20000 && code <= 0x3fffd));
    return wide ? 2 : 1;
}

function width(text) {
    let columns = 0;
    for (const one of text.replace(ANSI, '')) columns += columnsOf(one.codePointAt(0));
    return columns;
}

// Row and column behind `text`, when it begins at the left of a screen with `columns` columns.
function place(text, columns, tabSize = 8) {
    let rows = 0, at = 0;
    for (const one of text.replace(ANSI, '')) {
        if (one === '\n') {
            rows += 1 + Math.floor(Math.max(at - 1, 0) / columns);
            at = 0;
        } else if (one === '\t') {
            at += tabSize - (at % tabSize);
        } else {
            const wide = columnsOf(one.codePointAt(0));
            // A wide one does not start in the last column.
            if (wide === 2 && (at + 1) % columns === 0) at++;
            at += wide;
        }
    }
    return { cols: at % columns, rows: rows + Math.floor(at / columns) };
}

module.exports = {
    clearLine: (stream, direction, callback) => say(stream, lineText(direction), callback),
    clearScreenDown: (stream, callback) => say(stream, '\x1b[0J', callback),
    cursorTo,
    lineText,
    moveCursor: (stream, dx, dy, callback) => say(stream, moves(dx, dy), callback),
    moves,
    place,
    width,
};
