'use strict';

// The keys of a line: what each does to `line` and `cursor` of an interface on a terminal.

const { place, width } = require('internal/readline/screen');

const before = (line, at) => (at > 1 && /[\udc00-\udfff]/.test(line[at - 1]) ? 2 : 1);
const behind = (line, at) => (/[\ud800-\udbff]/.test(line[at] ?? '') ? 2 : 1);
const wordBefore = (line, at) => at - /(?:[^\w\s]+|\w+|)\s*$/.exec(line.slice(0, at))[0].length;
const wordBehind = (line, at) => at + /^(?:\s+|[^\w\s]+|\w+)\s*/.exec(line.slice(at) + ' ')[0].length;

const MAX_UNDO = 256;
const MAX_KILLED = 32;

function remember(rl) {
    rl._undo.push([rl.line, rl.cursor]);
    if (rl._undo.length > MAX_UNDO) rl._undo.shift();
    rl._redo.length = 0;
}

function change(rl, line, cursor) {
    remember(rl);
    rl.line = line;
    rl.cursor = cursor;
    rl._refreshLine();
}

function remove(rl, from, to, kill) {
    if (from >= to) return;
    if (kill) {
        rl._killed.unshift(rl.line.slice(from, to));
        if (rl._killed.length > MAX_KILLED) rl._killed.pop();
    }
    change(rl, rl.line.slice(0, from) + rl.line.slice(to), from);
}

function jump(rl, to) {
    rl._moveTo(Math.max(0, Math.min(to, rl.line.length)));
}

function insert(rl, text) {
    remember(rl);
    const atEnd = rl.cursor === rl.line.length;
    rl.line = rl.line.slice(0, rl.cursor) + text + rl.line.slice(rl.cursor);
    rl.cursor += text.length;
    // At the end of a row that is not full the terminal moves as we would.
    if (atEnd && !/[\n\t]/.test(text) && rl.getCursorPos().cols > 0) rl._writeToOutput(text); else rl._refreshLine();
}

function recall(rl, step) {
    const list = rl.history;
    let at = rl.historyIndex;
    const search = rl._historySearch ??= rl.line.slice(0, rl.cursor);
    for (at += step; at >= 0 && at < list.length; at += step) {
        if (list[at].startsWith(search) && list[at] !== rl.line) break;
    }
    if (at >= list.length) return;
    rl.historyIndex = Math.max(at, -1);
    rl.line = at < 0 ? search : list[at];
    rl.cursor = rl.line.length;
    if (at < 0) rl._historySearch = null;
    rl._refreshLine();
}

function sharedStart(words) {
    let start = words[0] ?? '';
    for (const word of words) while (!word.startsWith(start)) start = start.slice(0, -1);
    return start;
}

function showChoices(rl, choices, columns) {
    const wide = Math.min(columns, Math.max(...choices.map(width)) + 2), each = Math.max(1, Math.floor(columns / wide));
    let text = '\r\n';
    for (let i = 0; i < choices.length; i += each) {
        const row = choices.slice(i, i + each);
        text += row.map((one, k) => (k + 1 < row.length ? one + ' '.repeat(Math.max(1, wide - width(one))) : one)).join('') + '\r\n';
    }
    rl._writeToOutput(text + '\r\n');
}

function complete(rl, repeated) {
    const asked = rl.line.slice(0, rl.cursor);
    rl.pause();
    rl.completer(asked, (error, found) => {
        rl.resume();
        if (error) {
            rl._writeToOutput(`Tab completion error: ${require('util').inspect(error)}`);
            return;
        }
        const [choices, part] = found;
        const real = choices.filter((one) => one !== '');
        if (real.length === 0 || rl.closed) return;
        const start = sharedStart(real);
        if (start.length > part.length && start.startsWith(part)) {
            insert(rl, start.slice(part.length));
        } else if (repeated && real.length > 1) {
            showChoices(rl, real, rl.columns);
            rl._prevRows = 0;
            rl._refreshLine();
        }
    });
}

// Keys by name: plain, with control, with meta.
const PLAIN = {
    return: (rl) => { rl._sawReturnAt = Date.now(); rl._line(); },
    enter: (rl) => { if (rl._sawReturnAt === 0 || Date.now() - rl._sawReturnAt > rl.crlfDelay) rl._line(); rl._sawReturnAt = 0; },
    backspace: (rl) => remove(rl, rl.cursor - before(rl.line, rl.cursor), rl.cursor),
    delete: (rl) => remove(rl, rl.cursor, rl.cursor + behind(rl.line, rl.cursor)),
    left: (rl) => jump(rl, rl.cursor - before(rl.line, rl.cursor)),
    right: (rl) => jump(rl, rl.cursor + behind(rl.line, rl.cursor)),
    home: (rl) => jump(rl, 0),
    end: (rl) => jump(rl, rl.line.length),
    up: (rl) => recall(rl, 1),
    down: (rl) => recall(rl, -1),
};
const CONTROL = {
    a: PLAIN.home,
    b: PLAIN.left,
    c: (rl) => { if (rl.listenerCount('SIGINT') > 0) rl.emit('SIGINT'); else rl.close(); },
    d: (rl) => { if (rl.cursor === 0 && rl.line === '') rl.close(); else PLAIN.delete(rl); },
    e: PLAIN.end,
    f: PLAIN.right,
    h: PLAIN.backspace,
    k: (rl) => remove(rl, rl.cursor, rl.line.length, true),
    l: (rl) => { rl._writeToOutput('\x1b[1;1H\x1b[0J'); rl._prevRows = 0; rl._refreshLine(); },
    n: PLAIN.down,
    p: PLAIN.up,
    u: (rl) => remove(rl, 0, rl.cursor, true),
    w: (rl) => remove(rl, wordBefore(rl.line, rl.cursor), rl.cursor, true),
    backspace: (rl) => remove(rl, wordBefore(rl.line, rl.cursor), rl.cursor, true),
    delete: (rl) => remove(rl, rl.cursor, wordBehind(rl.line, rl.cursor), true),
    left: (rl) => jump(rl, wordBefore(rl.line, rl.cursor)),
    right: (rl) => jump(rl, wordBehind(rl.line, rl.cursor)),
    y: (rl) => { if (rl._killed.length > 0) insert(rl, rl._killed[0]); },
    z: (rl) => {
        if (rl.listenerCount('SIGTSTP') > 0) { rl.emit('SIGTSTP'); return; }
        process.once('SIGCONT', () => {
            if (rl.closed) return;
            if (!rl.paused) { rl.pause(); rl.emit('SIGCONT'); }
            rl._setRawMode(true);
            rl._refreshLine();
        });
        rl._setRawMode(false);
        process.kill(process.pid, 'SIGTSTP');
    },
};
const META = {
    b: CONTROL.left,
    f: CONTROL.right,
    d: CONTROL.delete,
    delete: CONTROL.delete,
    backspace: CONTROL.w,
};

// `_` and `^` with control come as characters.
function undo(rl, from, to) {
    const last = from.pop();
    if (last === undefined) return;
    to.push([rl.line, rl.cursor]);
    [rl.line, rl.cursor] = last;
    rl._refreshLine();
}

module.exports = function press(rl, text, key) {
    const name = key.name;
    const repeated = rl._lastTab;
    rl._lastTab = false;
    if (!(name === 'up' || name === 'down' || (key.ctrl && (name === 'p' || name === 'n')))) rl._historySearch = null;
    if (key.sequence === '\x1f') { undo(rl, rl._undo, rl._redo); return; }
    if (key.sequence === '\x1e') { undo(rl, rl._redo, rl._undo); return; }
    if (key.ctrl && key.shift && (name === 'backspace' || name === 'delete')) {
        if (name === 'backspace') CONTROL.u(rl); else CONTROL.k(rl);
        return;
    }
    const table = key.ctrl ? CONTROL : key.meta ? META : PLAIN;
    if (Object.hasOwn(table, name ?? '')) { table[name](rl); return; }
    if (key.ctrl || key.meta || name === 'escape') return;
    if (name === 'tab' && typeof rl.completer === 'function' && rl.isCompletionEnabled) {
        rl._lastTab = true;
        complete(rl, repeated);
        return;
    }
    if (typeof text !== 'string' || text === '' || (name === 'undefined' && key.code)) return;
    // Text that was pasted or written may hold several lines.
    const lines = text.split(/\r\n|\n|\r/);
    lines.forEach((line, i) => {
        if (i > 0) rl._line();
        if (line !== '') insert(rl, line);
    });
};
module.exports.place = place;
