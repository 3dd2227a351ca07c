'use strict';

// Texts that run in the global scope: `-e`, `-p`, `eval`, and the lines of the REPL.

const path = require('path');
const { inspect } = require('util');
const Module = require('internal/cjs');

// What a text in the global scope finds without asking: `require` and its company, and each built-in by its name.
function prepare(filename) {
    const module = new Module(path.join(native.cwd(), filename));
    module.id = filename;
    const own = { module, exports: module.exports, require: Module.createRequire(module.filename), __filename: filename, __dirname: '.' };
    for (const [name, value] of Object.entries(own)) hide(name, { value, writable: true });
    for (const name of Module.builtinModules) {
        if (!/^[a-z]\w*$/.test(name) || name in globalThis) continue;
        let set = false;
        let value;
        hide(name, {
            get() {
                return set ? value : native.requireBuiltin(name);
            },
            set(to) {
                [set, value] = [true, to];
            },
        });
    }
    return module;
}

function hide(name, how) {
    Object.defineProperty(globalThis, name, { configurable: true, enumerable: false, ...how });
}

// The names that a pattern such as `{ a, b: [c = 1] }` declares.
function namesOf(pattern) {
    const plain = pattern.replace(/=[^,}\]]*/g, '');
    return plain.match(/[A-Za-z_$][\w$]*(?!\s*:)(?![\w$])/g) ?? [];
}

// A text with `await` at its top level, as one that gives a promise; null when that is no help.
function promised(source, filename) {
    if (!/\bawait\b/.test(source)) return null;
    const compiles = (text) => {
        try {
            native.compile(text, filename);
            return true;
        } catch {
            return false;
        }
    };
    const text = source.replace(/;\s*$/, '');
    const declared = /^\s*(?:const|let|var)\s+([A-Za-z_$][\w$]*|[[{][\s\S]*?[\]}])\s*=(?!=)\s*([\s\S]+)$/.exec(text);
    if (declared) {
        const [, pattern, value] = declared;
        const wrapped = `(async () => { void (${pattern} = (${value}\n)); })()`;
        if (compiles(wrapped)) return `var ${namesOf(pattern).join(', ')}; ${wrapped}`;
    }
    const expression = `(async () => (${text}\n))()`;
    if (compiles(expression)) return expression;
    const body = `(async () => {${source}\n})()`;
    return compiles(body) ? body : null;
}

// The value of a text. `{ promise }` when it waits at its top level. `{ a: 1 }` is an object, not a block.
function evaluate(source, filename) {
    if (/^\s*\{/.test(source) && !/;\s*$/.test(source)) {
        try {
            return { value: native.evaluate(`(${source}\n)`, filename) };
        } catch (error) {
            if (!(error instanceof SyntaxError)) throw error;
        }
    }
    try {
        return { value: native.evaluate(source, filename) };
    } catch (error) {
        const wrapped = error instanceof SyntaxError ? promised(source, filename) : null;
        if (wrapped === null) throw error;
        return { promise: native.evaluate(wrapped, filename) };
    }
}

// `how`: run; print (as `node -p`); show (waits for promises, and prints as the REPL does).
function run(source, how) {
    prepare('[eval]');
    const result = evaluate(source, '[eval]');
    if (how === 'print') console.log(result.promise ?? result.value);
    if (how !== 'show') return;
    const show = (value) => {
        const colors = Boolean(process.stdout.isTTY && process.stdout.hasColors?.());
        process.stdout.write(`${inspect(value, { colors })}\n`);
    };
    const value = result.promise ?? result.value;
    if (value instanceof Promise) value.then(show); else show(value);
}

module.exports = { prepare, evaluate, run };
