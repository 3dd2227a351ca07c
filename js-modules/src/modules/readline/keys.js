'use strict';

// Keys of a terminal: bytes to `keypress` events.

const { StringDecoder } = require('string_decoder');

const NAMES = {
    OP: 'f1', OQ: 'f2', OR: 'f3', OS: 'f4', '[P': 'f1', '[Q': 'f2', '[R': 'f3', '[S': 'f4',
    '[11~': 'f1', '[12~': 'f2', '[13~': 'f3', '[14~': 'f4', '[[A': 'f1', '[[B': 'f2', '[[C': 'f3', '[[D': 'f4', '[[E': 'f5',
    '[15~': 'f5', '[17~': 'f6', '[18~': 'f7', '[19~': 'f8', '[20~': 'f9', '[21~': 'f10', '[23~': 'f11', '[24~': 'f12',
    '[A': 'up', '[B': 'down', '[C': 'right', '[D': 'left', '[E': 'clear', '[F': 'end', '[H': 'home',
    OA: 'up', OB: 'down', OC: 'right', OD: 'left', OE: 'clear', OF: 'end', OH: 'home',
    '[1~': 'home', '[2~': 'insert', '[3~': 'delete', '[4~': 'end', '[5~': 'pageup', '[6~': 'pagedown', '[7~': 'home', '[8~': 'end',
    '[[5~': 'pageup', '[[6~': 'pagedown', '[200~': 'paste-start', '[201~': 'paste-end',
    '[a': 'up', '[b': 'down', '[c': 'right', '[d': 'left', '[e': 'clear', '[2$': 'insert', '[3$': 'delete', '[5$': 'pageup', '[6$': 'pagedown', '[7$': 'home', '[8$': 'end',
    Oa: 'up', Ob: 'down', Oc: 'right', Od: 'left', Oe: 'clear', '[2^': 'insert', '[3^': 'delete', '[5^': 'pageup', '[6^': 'pagedown', '[7^': 'home', '[8^': 'end',
    '[Z': 'tab',
};
const SHIFTED = /^\[[a-e]$|^\[\d\$$|^\[Z$/;
const CONTROLLED = /^O[a-e]$|^\[\d\^$/;

// An escape sequence from its start: `undefined` while it is not complete.
const SEQUENCE = /^\x1b(\x1b?)(?:(O)(\d?)([a-zA-Z])|(\[)(\[?)(\d*)(?:;(\d+))?([A-Za-z~^$]))/;
const BEGUN = /^\x1b\x1b?(?:O\d?|\[\[?[\d;]*)?$/;

function controlSequence(match) {
    const key = { sequence: match[0], name: 'undefined', ctrl: false, meta: match[1] !== '', shift: false };
    let code, modifier;
    if (match[2] !== undefined) {
        code = 'O' + match[4];
        modifier = Number(match[3] || 1) - 1;
    } else {
        const [number, given, last] = [match[7], match[8], match[9]];
        const letter = /[A-Za-z]/.test(last);
        code = '[' + match[6] + (letter ? last : number + last);
        if (letter && match[6] === '' && given === undefined && number !== '' && number !== '1') modifier = Number(number) - 1;
        else modifier = Number(given || 1) - 1;
    }
    key.ctrl = (modifier & 4) !== 0 || CONTROLLED.test(code);
    key.meta ||= (modifier & 10) !== 0;
    key.shift = (modifier & 1) !== 0 || SHIFTED.test(code);
    key.code = code;
    key.name = NAMES[code] ?? 'undefined';
    return key;
}

function plainKey(text, meta) {
    const key = { sequence: (meta ? '\x1b' : '') + text, name: undefined, ctrl: false, meta, shift: false };
    if (text === '\r') key.name = 'return';
    else if (text === '\n') key.name = 'enter';
    else if (text === '\t') key.name = 'tab';
    else if (text === '\b' || text === '\x7f') key.name = 'backspace';
    else if (text === '\x1b') key.name = 'escape';
    else if (text === ' ') key.name = 'space';
    else if (text <= '\x1a') [key.name, key.ctrl] = [String.fromCharCode(text.charCodeAt(0) + 96), true];
    else if (/^[0-9A-Za-z]$/.test(text)) [key.name, key.shift] = [text.toLowerCase(), /[A-Z]/.test(text)];
    else if (meta) key.name = text.length > 1 ? undefined : text;
    return key;
}

// Takes what it can off the front of `text`: `[key, rest]`, or `undefined` when more must come first.
function next(text, flush) {
    if (text[0] !== '\x1b') {
        const one = String.fromCodePoint(text.codePointAt(0));
        return [plainKey(one, false), text.slice(one.length), one];
    }
    const match = SEQUENCE.exec(text);
    if (match !== null) return [controlSequence(match), text.slice(match[0].length)];
    if (BEGUN.test(text) && !flush) return undefined;
    if (text.length === 1) return [{ ...plainKey('\x1b', true), sequence: '\x1b' }, ''];
    if (text[1] === '\x1b') return [{ ...plainKey('\x1b', true), sequence: '\x1b\x1b' }, text.slice(2)];
    const one = String.fromCodePoint(text.codePointAt(1));
    return [plainKey(one, true), text.slice(1 + one.length)];
}

const ACTIVE = Symbol('keypress');

// The state lives on the stream, so that several interfaces see one sequence of keys.
module.exports = function emitKeypressEvents(stream, iface = {}) {
    if (stream[ACTIVE]) return;
    const state = stream[ACTIVE] = { decoder: new StringDecoder('utf8'), text: '', timer: undefined };
    const wait = iface.escapeCodeTimeout ?? 500;
    const drain = (flush) => {
        while (state.text !== '') {
            const taken = next(state.text, flush);
            if (taken === undefined) {
                state.timer = setTimeout(() => drain(true), wait);
                return;
            }
            state.text = taken[1];
            // A tab in the middle of what was pasted is a tab.
            iface.isCompletionEnabled = state.text === '';
            const shown = taken[2] ?? (taken[0].sequence.length === 1 ? taken[0].sequence : undefined);
            stream.emit('keypress', taken[0].name === 'escape' ? undefined : shown, taken[0]);
        }
    };
    const onData = (chunk) => {
        if (stream.listenerCount('keypress') === 0) {
            // Nobody wants keys any more: the bytes are somebody else's.
            stream.removeListener('data', onData);
            stream.on('newListener', onNewListener);
            return;
        }
        clearTimeout(state.timer);
        state.text += typeof chunk === 'string' ? chunk : state.decoder.write(chunk);
        drain(false);
        iface.isCompletionEnabled = true;
    };
    const onNewListener = (event) => {
        if (event !== 'keypress') return;
        stream.on('data', onData);
        stream.removeListener('newListener', onNewListener);
    };
    if (stream.listenerCount('keypress') > 0) stream.on('data', onData); else stream.on('newListener', onNewListener);
};
