'use strict';

// AssertionError, and the text that shows how two values differ.

const { inspect } = require('util');
const { invalidArgType } = require('internal/errors');

const HEADLINES = {
    __proto__: null,
    deepStrictEqual: 'Expected values to be strictly deep-equal:',
    strictEqual: 'Expected values to be strictly equal:',
    strictEqualObject: 'Expected "actual" to be reference-equal to "expected":',
    deepEqual: 'Expected values to be loosely deep-equal:',
    notDeepStrictEqual: 'Expected "actual" not to be strictly deep-equal to:',
    notStrictEqual: 'Expected "actual" to be strictly unequal to:',
    notStrictEqualObject: 'Expected "actual" not to be reference-equal to "expected":',
    notDeepEqual: 'Expected "actual" not to be loosely deep-equal to:',
    notDeepEqualUnequal: 'Expected values not to be loosely deep-equal:',
    sameStructure: 'Values have same structure but are not reference-equal:',
};

// Up to this many characters in all, two values stand on one line.
const SHORT = 12;
const MOST_LINES = 50;
const MOST_CHARACTERS = 512;

const isObject = (value) => typeof value === 'object' && value !== null;
const hasIdentity = (value) => isObject(value) || typeof value === 'function';

function show(value) {
    return inspect(value, {
        colors: false, compact: false, customInspect: false, depth: 1000, maxArrayLength: Infinity, maxStringLength: Infinity,
        showHidden: false, showProxy: false, breakLength: 80, sorted: true, getters: true,
    });
}

// An error that prints without its stack.
function withoutStack(error) {
    const copy = Object.assign({ __proto__: Object.getPrototypeOf(error) }, error);
    Object.defineProperty(copy, 'message', { __proto__: null, value: error.message });
    if ('cause' in error) Object.defineProperty(copy, 'cause', { __proto__: null, value: error.cause });
    return copy;
}

const cut = (text, most) => (text.length > most ? `${text.slice(0, most - 3)}...` : text);

function cutLines(lines) {
    return lines.length > MOST_LINES ? [...lines.slice(0, 46), '...'] : lines;
}

// `a,` and `a` differ only in what follows them.
function sameButComma(a, b) {
    return a === b || `${a},` === b || a === `${b},`;
}

class Difference {
    lines = [];
    removed = [];
    skipped = false;
    #printed = 0;
    #same = [];

    equal(line) {
        this.#flush();
        this.#same.push(line);
        if (this.#same.length <= 2) this.#print(`  ${line}`);
    }

    added(line) {
        this.#endOfSame();
        this.#print(`+ ${line}`);
    }

    missing(line) {
        this.#endOfSame();
        this.removed.push(`- ${line}`);
        this.#printed++;
    }

    get full() {
        return this.#printed > MOST_LINES;
    }

    #flush() {
        this.lines.push(...this.removed);
        this.removed = [];
    }

    #print(line) {
        this.lines.push(line);
        this.#printed++;
    }

    // Two equal lines stand on either side of what differs, and the rest only where it is one line long.
    #endOfSame() {
        const same = this.#same;
        this.#same = [];
        if (same.length > 5) {
            this.lines.push('...');
            this.skipped = true;
            same.slice(-2).forEach((line) => this.#print(`  ${line}`));
        } else same.slice(2).forEach((line) => this.#print(`  ${line}`));
    }
}

// The equal lines at the end of both, taken off them.
function commonEnd(a, b) {
    const end = [];
    while (a.length > 0 && b.length > 0 && a[a.length - 1] === b[b.length - 1]) {
        end.unshift(a.pop());
        b.pop();
    }
    return end;
}

function compareLines(headline, shownActual, shownExpected, indicator) {
    const a = shownActual.split('\n');
    const b = shownExpected.split('\n');
    const end = commonEnd(a, b);
    const difference = new Difference();
    let tail = end.map((line) => `\n  ${line}`);
    if (end.length > 4) {
        tail = [tail[0], '\n...', ...tail.slice(-3)];
        difference.skipped = true;
    }
    const most = Math.max(a.length, b.length);
    for (let at = 0; at < most; at++) {
        if (at >= b.length) difference.added(a[at]);
        else if (at >= a.length) difference.missing(b[at]);
        else if (sameButComma(a[at], b[at])) difference.equal(a[at].length < b[at].length ? b[at] : a[at]);
        else {
            difference.added(a[at]);
            difference.missing(b[at]);
        }
        if (difference.full && at < most - 2) {
            return `${headline}\n+ actual - expected ... Lines skipped\n\n${difference.lines.join('\n')}\n...\n${difference.removed.join('\n')}\n...`;
        }
    }
    const body = [...difference.lines, ...difference.removed].join('\n');
    return `${headline}\n+ actual - expected${difference.skipped ? ' ... Lines skipped' : ''}\n\n${body}${tail.join('')}${indicator}`;
}

// Where two texts of one line part, if that is worth showing.
function mismatch(a, b) {
    const width = process.stderr.isTTY ? process.stderr.columns : 80;
    if (a.length + b.length >= width) return '';
    let at = 0;
    while (at < a.length && a[at] === b[at]) at++;
    return at > 2 ? `\n  ${' '.repeat(at)}^` : '';
}

function explainEqual(actual, expected, operator, message) {
    const a = show(actual);
    const b = show(expected);
    const objects = (isObject(actual) && isObject(expected)) || (typeof actual === 'function' && typeof expected === 'function');
    const name = operator === 'strictEqual' && objects ? 'strictEqualObject' : operator;
    const headline = message === undefined ? HEADLINES[name] : message;
    if (a === b) {
        const same = message === undefined ? HEADLINES.sameStructure : message;
        return `${same}\n\n${cutLines(a.split('\n')).join('\n')}\n`;
    }
    let indicator = '';
    if (!a.includes('\n') && !b.includes('\n')) {
        if (a.length + b.length <= SHORT) {
            if (!isObject(actual) && !isObject(expected) && (actual !== 0 || expected !== 0)) return `${headline}\n\n${a} !== ${b}\n`;
        } else if (name !== 'strictEqualObject') indicator = mismatch(a, b);
    }
    return compareLines(headline, a, b, indicator);
}

function explainNot(actual, operator) {
    const headline = HEADLINES[operator === 'notStrictEqual' && hasIdentity(actual) ? 'notStrictEqualObject' : operator];
    const lines = cutLines(show(actual).split('\n'));
    if (lines.length > 1) return `${headline}\n\n${lines.join('\n')}\n`;
    return `${headline}${lines[0].length > 5 ? '\n\n' : ' '}${lines[0]}`;
}

function explainOther(actual, expected, operator) {
    let a = show(actual);
    let b = show(expected);
    if (operator === 'notDeepEqual' && a === b) return cut(`${HEADLINES.notDeepEqual}\n\n${a}`, 2 * MOST_CHARACTERS);
    a = cut(a, MOST_CHARACTERS);
    b = cut(b, MOST_CHARACTERS);
    if (operator === 'deepEqual') return `${HEADLINES.deepEqual}\n\n${a}\n\nshould loosely deep-equal\n\n${b}`;
    if (operator === 'notDeepEqual') return `${HEADLINES.notDeepEqualUnequal}\n\n${a}\n\nshould not loosely deep-equal\n\n${b}`;
    return `${a} ${operator} ${b}`;
}

function explain(options) {
    let { actual, expected } = options;
    const { message, operator } = options;
    const showsBoth = operator === 'deepStrictEqual' || operator === 'strictEqual';
    const given = message !== undefined && message !== null;
    if (given && !showsBoth) return String(message);
    if (actual instanceof Error && expected instanceof Error) {
        actual = withoutStack(actual);
        expected = withoutStack(expected);
    }
    if (showsBoth) return explainEqual(actual, expected, operator, given ? String(message) : undefined);
    if (operator === 'notDeepStrictEqual' || operator === 'notStrictEqual') return explainNot(actual, operator);
    return explainOther(actual, expected, operator);
}

// What an error shows of a long text in its properties.
function brief(value) {
    if (typeof value !== 'string') return value;
    const lines = value.split('\n', 11);
    if (lines.length > 10) return `${lines.slice(0, 10).join('\n')}\n...`;
    return value.length > MOST_CHARACTERS ? `${value.slice(0, 488)}...` : value;
}

class AssertionError extends Error {
    constructor(options) {
        if (!isObject(options) || Array.isArray(options)) throw invalidArgType('options', 'Object', options);
        const { message, operator, actual, expected, details } = options;
        super(explain(options));
        this.generatedMessage = message === undefined || message === null;
        // Without a prototype: tests of the worst kind put accessors on Object.prototype.
        Object.defineProperty(this, 'name', { __proto__: null, value: 'AssertionError', enumerable: false, writable: true, configurable: true });
        this.code = 'ERR_ASSERTION';
        if (details) {
            for (let at = 0; at < details.length; at++) {
                this[`message ${at}`] = details[at].message;
                this[`actual ${at}`] = details[at].actual;
                this[`expected ${at}`] = details[at].expected;
                this[`operator ${at}`] = details[at].operator;
                this[`stack trace ${at}`] = details[at].stack;
            }
        } else {
            this.actual = actual;
            this.expected = expected;
            this.operator = operator;
        }
        Error.captureStackTrace(this, options.stackStartFn || options.stackStartFunction || AssertionError);
    }

    toString() {
        return `${this.name} [${this.code}]: ${this.message}`;
    }

    [inspect.custom](depth, context) {
        const { actual, expected } = this;
        this.actual = brief(actual);
        this.expected = brief(expected);
        try {
            return inspect(this, { ...context, customInspect: false, depth: 0 });
        } finally {
            this.actual = actual;
            this.expected = expected;
        }
    }
}

module.exports = AssertionError;
