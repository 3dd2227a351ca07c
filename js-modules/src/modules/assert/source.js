'use strict';

// The text of the call that is running, for the message of `assert(…)`: found by the place in the stack, in the file.

const MOST_BYTES = 1024 * 1024;
const MOST_CALL = 64 * 1024;
const WRAPPER = '(function(exports, require, module, __filename, __dirname) { '.length;
const OWN = /^node:(?:assert|internal\/call_source)$/;
const WORD = /[\p{ID_Continue}$]/u;
const CONTROL = /[\x00-\x09\x0b\x0c\x0e-\x1f]/g;
const NAMES = { '\b': '\\b', '\t': '\\t', '\f': '\\f' };

// The frame below this module's; null if something else than a file's code called.
function caller() {
    for (const line of new Error().stack.split('\n')) {
        const frame = /^\s+at .*?\(?((?:node:|file:|\/)[^()]*|native):(\d+):(\d+)\)?$/.exec(line);
        if (OWN.test(frame?.[1]) || !/^\s+at /.test(line)) continue;
        // `assert.ok.call(…)` is a call of the script as well.
        if (/^\s+at (?:call|apply) \(native\)$/.test(line)) continue;
        return frame?.[1].startsWith('/') ? { file: frame[1], line: Number(frame[2]), column: Number(frame[3]) } : null;
    }
    return null;
}

function textOf(file) {
    const fs = require('fs');
    if (fs.statSync(file).size > MOST_BYTES) return null;
    return fs.readFileSync(file, 'utf8');
}

// The index after the quote that ends a text that begins at `at`.
function endOfText(code, at) {
    const quote = code[at++];
    for (; at < code.length && code[at] !== quote; at++) {
        if (code[at] === '\\') at++;
        else if (quote === '`' && code.startsWith('${', at)) at = endOfBrackets(code, at + 1) - 1;
    }
    return at + 1;
}

// A slash after one of these begins a regular expression, after anything else it divides.
const BEFORE_PATTERN = /(?:^|[-+*%&|^!~?:=<>,;([{]|\b(?:return|typeof|case|in|of|delete|void|instanceof|new|await|yield))\s*$/;

function endOfPattern(code, at) {
    let inClass = false;
    for (at++; at < code.length; at++) {
        if (code[at] === '\\') at++;
        else if (code[at] === '[') inClass = true;
        else if (code[at] === ']') inClass = false;
        else if (code[at] === '/' && !inClass) return at + 1;
    }
    return at;
}

// The index after the bracket that matches the one at `at`, or past the end where none does.
function endOfBrackets(code, at) {
    const most = Math.min(code.length, at + MOST_CALL);
    let depth = 0;
    while (at < most) {
        const sign = code[at];
        if (sign === '"' || sign === "'" || sign === '`') at = endOfText(code, at);
        else if (code.startsWith('//', at)) at = (code.indexOf('\n', at) + 1) || most;
        else if (code.startsWith('/*', at)) at = (code.indexOf('*/', at + 2) + 2) || most;
        else if (sign === '/' && BEFORE_PATTERN.test(code.slice(Math.max(0, at - 20), at))) at = endOfPattern(code, at);
        else {
            at++;
            if ('([{'.includes(sign)) depth++;
            else if (')]}'.includes(sign) && --depth === 0) return at;
        }
    }
    return code.length + 1;
}

// Where the chain of names before the bracket at `open` begins, on the line of its last name.
function startOfCallee(code, open) {
    const back = (at, sign) => {
        while (at > 0 && sign.test(code[at - 1])) at--;
        return at;
    };
    let start = open;
    let end = back(open, /[ \t]/);
    for (;;) {
        if (code[end - 1] === ']') {
            start = code.lastIndexOf('[', end - 1);
            if (start < 0) return open;
            end = start;
            continue;
        }
        const word = back(end, WORD);
        if (word === end) return start;
        start = word;
        const dot = back(word, /[ \t]/);
        if (code[dot - 1] !== '.') return start;
        end = back(dot - (code[dot - 2] === '?' ? 2 : 1), /[ \t]/);
    }
}

// Further lines keep their indentation relative to the call.
function tidy(call, column) {
    const indent = new RegExp(`^[ \\t]{0,${column}}`);
    const [first, ...rest] = call.split(/\r?\n/);
    return [first, ...rest.map((line) => `  ${line.replace(indent, '')}`)].join('\n')
        .replace(CONTROL, (sign) => NAMES[sign] ?? `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

module.exports = function callSource() {
    try {
        const place = caller();
        const code = place && textOf(place.file);
        if (!code) return null;
        let lineStart = 0;
        for (let line = 1; line < place.line; line++) lineStart = code.indexOf('\n', lineStart) + 1;
        let open = lineStart + place.column - 1;
        // The engine counts the function that a module's text stands in.
        if (place.line === 1 && code[open] !== '(') open -= WRAPPER;
        if (code[open] !== '(') return null;
        const start = startOfCallee(code, open);
        const end = endOfBrackets(code, open);
        if (start === open || end > code.length) return null;
        return tidy(code.slice(start, end), start - (code.lastIndexOf('\n', start) + 1));
    } catch {
        // Not readable, or not allowed: the message does without.
        return null;
    }
};
