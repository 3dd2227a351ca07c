'use strict';

// What the Tab key offers: commands, module names, globals, and properties along prototype chains.

const Module = require('internal/cjs');
const text = require('internal/eval');

const KEYWORDS = ('async await break case catch class const continue debugger default delete do else export extends false '
    + 'finally for function if import in instanceof let new null return super switch this throw true try typeof var void '
    + 'while with yield').split(' ');

const MAX = 2000;

function complete(line, repl) {
    const command = /^\s*\.(\w*)$/.exec(line);
    if (command) return [Object.keys(repl.commands).filter((name) => name.startsWith(command[1])).map((name) => name), command[1]];
    const required = /(?:require|import)\s*\(\s*['"]([^'"]*)$/.exec(line) ?? /\bfrom\s+['"]([^'"]*)$/.exec(line);
    if (required) {
        const names = Module.builtinModules.flatMap((name) => (required[1].startsWith('node:') ? [`node:${name}`] : [name]));
        return [names.filter((name) => name.startsWith(required[1])), required[1]];
    }
    const word = /((?:[A-Za-z_$][\w$]*\s*(?:\?\.|\.)\s*)*)([A-Za-z_$][\w$]*)?$/.exec(line);
    const [, owner, start = ''] = word;
    if (owner === '') {
        if (start === '' && line.trim() !== '') return [[], ''];
        return [sorted([...namesOf(globalThis), ...KEYWORDS], start, ''), start];
    }
    const expression = owner.replace(/\s*\??\.\s*$/, '');
    let value;
    try {
        ({ value } = text.evaluate(expression, 'REPL'));
    } catch {
        return [[], owner + start];
    }
    if (value === undefined || value === null) return [[], owner + start];
    return [sorted(namesOf(Object(value)), start, owner), owner + start];
}

function namesOf(object) {
    const found = new Set();
    for (let at = object; at !== null && found.size < MAX; at = Object.getPrototypeOf(at)) {
        for (const name of Object.getOwnPropertyNames(at)) {
            if (/^[A-Za-z_$][\w$]*$/.test(name)) found.add(name);
        }
    }
    return [...found];
}

function sorted(names, start, before) {
    return [...new Set(names)].filter((name) => name.startsWith(start)).sort().map((name) => before + name);
}

module.exports = { complete };
