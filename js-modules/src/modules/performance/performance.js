'use strict';

// User timing: marks and measures beside the clock.

const { EventTarget } = require('internal/event_target');
const { make, invalidArgType } = require('internal/errors');

const kInspect = Symbol.for('nodejs.util.inspect.custom');
const kMake = Symbol('may make entries');

// A script that never clears loses its oldest entries.
const MOST = 10000;
let entries = [];

function missing(name) {
    return make(TypeError, 'ERR_MISSING_ARGS', `The "${name}" argument must be specified`);
}

class PerformanceEntry {
    #parts;

    constructor(key, name, entryType, startTime, duration) {
        if (key !== kMake) throw make(TypeError, 'ERR_ILLEGAL_CONSTRUCTOR', 'Illegal constructor');
        this.#parts = { name, entryType, startTime, duration };
    }

    get name() {
        return this.#parts.name;
    }

    get entryType() {
        return this.#parts.entryType;
    }

    get startTime() {
        return this.#parts.startTime;
    }

    get duration() {
        return this.#parts.duration;
    }

    toJSON() {
        return { ...this.#parts };
    }

    [kInspect](depth, options, inspect) {
        if (depth < 0) return this;
        return `${this.constructor.name} ${inspect(this.toJSON(), { ...options, depth: options.depth === null ? null : options.depth - 1 })}`;
    }
}

function time(value, name) {
    if (typeof value !== 'number') throw invalidArgType(name, 'number', value);
    if (value < 0) throw make(TypeError, 'ERR_PERFORMANCE_INVALID_TIMESTAMP', `${value} is not a valid timestamp`);
    return value;
}

const copyOf = (detail) => (detail === undefined || detail === null ? null : require('internal/clone')(detail));

class PerformanceMark extends PerformanceEntry {
    #detail;

    constructor(name, options = undefined) {
        if (arguments.length === 0) throw missing('name');
        const text = `${name}`;
        if (options !== undefined && options !== null && typeof options !== 'object') throw invalidArgType('options', 'Object', options);
        const at = options?.startTime ?? performance.now();
        super(kMake, text, 'mark', time(at, 'startTime'), 0);
        this.#detail = copyOf(options?.detail);
    }

    get detail() {
        return this.#detail;
    }

    toJSON() {
        return { ...super.toJSON(), detail: this.#detail };
    }
}

class PerformanceMeasure extends PerformanceEntry {
    #detail;

    constructor(key, name, start, duration, detail) {
        super(key, name, 'measure', start, duration);
        this.#detail = detail;
    }

    get detail() {
        return this.#detail;
    }

    toJSON() {
        return { ...super.toJSON(), detail: this.#detail };
    }
}

function add(entry) {
    entries.push(entry);
    // In larger steps, so that it costs little each time.
    if (entries.length > MOST * 1.1) entries = entries.slice(-MOST);
    return entry;
}

function markTime(mark) {
    if (typeof mark === 'number') return time(mark, 'mark');
    const name = `${mark}`;
    const found = entries.findLast((one) => one.entryType === 'mark' && one.name === name);
    if (found === undefined) {
        throw new (require('internal/dom_exception'))(`The "${name}" performance mark has not been set`, 'SyntaxError');
    }
    return found.startTime;
}

function span(startOrOptions, endMark) {
    const options = startOrOptions !== null && typeof startOrOptions === 'object' ? startOrOptions : {};
    const given = (value) => value !== undefined;
    const bad = (text) => make(TypeError, 'ERR_PERFORMANCE_MEASURE_INVALID_OPTIONS', text);
    if (options === startOrOptions && Object.keys(options).length > 0) {
        if (given(endMark)) throw bad('endMark must not be specified');
        if (!given(options.start) && !given(options.end)) throw bad('One of options.start or options.end is required');
        if (given(options.start) && given(options.end) && given(options.duration)) {
            throw bad('Must not have options.start, options.end, and options.duration specified');
        }
    }
    let end;
    if (given(endMark)) end = markTime(endMark);
    else if (given(options.end)) end = markTime(options.end);
    else if (given(options.start) && given(options.duration)) end = markTime(options.start) + markTime(options.duration);
    else end = performance.now();
    let start;
    if (typeof startOrOptions === 'string') start = markTime(startOrOptions);
    else if (given(options.start)) start = markTime(options.start);
    else if (given(options.duration) && given(options.end)) start = markTime(options.end) - markTime(options.duration);
    else start = 0;
    return [start, end - start, copyOf(options.detail)];
}

class Performance extends EventTarget {
    constructor(key) {
        if (key !== kMake) throw make(TypeError, 'ERR_ILLEGAL_CONSTRUCTOR', 'Illegal constructor');
        super();
    }

    get timeOrigin() {
        return native.timeOrigin;
    }

    now() {
        return native.now();
    }

    mark(name, options = {}) {
        if (arguments.length === 0) throw missing('name');
        return add(new PerformanceMark(name, options));
    }

    measure(name, startOrOptions = {}, endMark = undefined) {
        if (arguments.length === 0) throw missing('name');
        if (typeof name !== 'string') throw invalidArgType('name', 'string', name);
        const [start, duration, detail] = span(startOrOptions, endMark);
        return add(new PerformanceMeasure(kMake, name, start, duration, detail));
    }

    clearMarks(name = undefined) {
        clear('mark', name);
    }

    clearMeasures(name = undefined) {
        clear('measure', name);
    }

    getEntries() {
        return entries.slice().sort((a, b) => a.startTime - b.startTime);
    }

    getEntriesByName(name, type = undefined) {
        if (arguments.length === 0) throw missing('name');
        const text = `${name}`;
        return this.getEntries().filter((one) => one.name === text && (type === undefined || one.entryType === `${type}`));
    }

    getEntriesByType(type) {
        if (arguments.length === 0) throw missing('type');
        const text = `${type}`;
        return this.getEntries().filter((one) => one.entryType === text);
    }

    toJSON() {
        return { timeOrigin: this.timeOrigin };
    }

    [kInspect](depth, options, inspect) {
        if (depth < 0) return this;
        return `Performance ${inspect(this.toJSON(), options)}`;
    }
}

function clear(type, name) {
    const text = name === undefined ? undefined : `${name}`;
    entries = entries.filter((one) => one.entryType !== type || (text !== undefined && one.name !== text));
}

for (const [Class, names] of [[PerformanceEntry, ['name', 'entryType', 'startTime', 'duration', 'toJSON']], [PerformanceMark, ['detail']],
    [PerformanceMeasure, ['detail']], [Performance, ['now', 'mark', 'measure', 'clearMarks', 'clearMeasures', 'getEntries',
        'getEntriesByName', 'getEntriesByType', 'timeOrigin', 'toJSON']]]) {
    for (const name of names) Object.defineProperty(Class.prototype, name, { enumerable: true });
    Object.defineProperty(Class.prototype, Symbol.toStringTag, { configurable: true, value: Class.name });
}

const performance = new Performance(kMake);

module.exports = { Performance, PerformanceEntry, PerformanceMark, PerformanceMeasure, performance };
