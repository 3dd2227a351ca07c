'use strict';

const { formatWithOptions, inspect } = require('util');
const { invalidArgValue, make, validateInteger, validateObject } = require('internal/errors');

function column(values) {
    return Math.max(...values.map((text) => text.length)) + 2;
}

function table(rows, header) {
    const widths = header.map((name, at) => column([name, ...rows.map((row) => row[at])]));
    const line = (left, fill, middle, right) => left + widths.map((w) => fill.repeat(w)).join(middle) + right;
    const cells = (row) => `│${row.map((text, at) => {
        const left = Math.floor((widths[at] - text.length) / 2);
        return ' '.repeat(left) + text + ' '.repeat(widths[at] - text.length - left);
    }).join('│')}│`;
    return [line('┌', '─', '┬', '┐'), cells(header), line('├', '─', '┼', '┤'), ...rows.map(cells),
        line('└', '─', '┴', '┘')].join('\n');
}

// The methods of a console whose finished lines go to `write(level, text)`.
function methods(write, settings = {}) {
    const counts = new Map();
    const timers = new Map();
    const step = ' '.repeat(settings.groupIndentation ?? 2);
    let indent = '';

    function print(level, args) {
        const text = formatWithOptions(settings.inspectOptions ?? {}, ...args);
        write(level, indent === '' ? text : indent + text.replaceAll('\n', `\n${indent}`));
    }

    function elapsed(label, args, remove) {
        const start = timers.get(label);
        if (start === undefined) {
            process.emitWarning(`No such label '${label}' for console.time${remove ? 'End' : 'Log'}()`);
            return;
        }
        const ms = Number(process.hrtime.bigint() - start) / 1e6;
        const shown = ms >= 1000 ? `${(ms / 1000).toFixed(3)}s` : `${Number(ms.toFixed(3))}ms`;
        print(1, [`%s: %s`, label, shown, ...args]);
        if (remove) timers.delete(label);
    }

    const console = {
        log: (...args) => print(1, args),
        info: (...args) => print(1, args),
        debug: (...args) => print(0, args),
        warn: (...args) => print(2, args),
        error: (...args) => print(3, args),

        trace(...args) {
            const error = new Error();
            error.name = 'Trace';
            error.message = formatWithOptions({}, ...args);
            print(0, [error.stack]);
        },

        dir(value, options) {
            print(1, [inspect(value, { customInspect: false, ...options })]);
        },

        dirxml: (...args) => print(1, args),

        assert(value, ...args) {
            if (value) return;
            if (typeof args[0] === 'string') args[0] = `Assertion failed: ${args[0]}`;
            else args.unshift('Assertion failed');
            print(2, args);
        },

        count(label = 'default') {
            const name = `${label}`;
            const count = (counts.get(name) ?? 0) + 1;
            counts.set(name, count);
            print(1, [`${name}: ${count}`]);
        },

        countReset(label = 'default') {
            if (!counts.delete(`${label}`)) process.emitWarning(`Count for '${label}' does not exist`);
        },

        time(label = 'default') {
            const name = `${label}`;
            if (timers.has(name)) process.emitWarning(`Label '${name}' already exists for console.time()`);
            else timers.set(name, process.hrtime.bigint());
        },
        timeEnd: (label = 'default') => elapsed(`${label}`, [], true),
        timeLog: (label = 'default', ...args) => elapsed(`${label}`, args, false),

        group(...args) {
            if (args.length) print(1, args);
            indent += step;
        },
        groupEnd() {
            indent = indent.slice(step.length);
        },

        table(data, columns) {
            if (data === null || typeof data !== 'object') {
                print(1, [data]);
                return;
            }
            const show = (value) => inspect(value, { depth: 0, maxArrayLength: 3 });
            const entries = data instanceof Map || data instanceof Set ? [...data].entries() : Object.entries(data);
            const keys = [];
            const rows = [];
            let values = false;
            for (const [index, row] of entries) {
                const isObject = row !== null && typeof row === 'object';
                values ||= !isObject;
                for (const key of columns ?? (isObject ? Object.keys(row) : [])) if (!keys.includes(key)) keys.push(key);
                rows.push([index, row, isObject]);
            }
            const header = ['(index)', ...keys, ...(values && !columns ? ['Values'] : [])];
            print(1, [table(rows.map(([index, row, isObject]) => {
                const cells = keys.map((key) => (isObject && Object.hasOwn(row, key) ? show(row[key]) : ''));
                if (values && !columns) cells.push(isObject ? '' : show(row));
                return [String(index), ...cells];
            }), header)]);
        },
    };
    console.groupCollapsed = console.group;
    for (const name of Object.keys(console)) {
        if (console[name].name !== name && name !== 'groupCollapsed') Object.defineProperty(console[name], 'name', { value: name });
    }
    return console;
}

function writesTo(stdout, stderr, ignoreErrors) {
    const ignore = () => {};
    return (level, text) => {
        const stream = level < 2 ? stdout : stderr;
        if (!ignoreErrors) {
            stream.write(`${text}\n`);
            return;
        }
        // An output that is gone does not end the program, and its listeners are not for good.
        if (typeof stream.once === 'function') stream.once('error', ignore);
        try {
            stream.write(`${text}\n`, ignore);
        } catch {
            // Asked for.
        } finally {
            stream.removeListener?.('error', ignore);
        }
    };
}

function Console(options, ...rest) {
    if (!new.target) return new Console(options, ...rest);
    if (!options || typeof options.write === 'function') options = { stdout: options, stderr: rest[0], ignoreErrors: rest[1] };
    const { stdout, stderr = stdout, ignoreErrors = true, colorMode = 'auto', inspectOptions, groupIndentation } = options;
    for (const [name, stream] of [['stdout', stdout], ['stderr', stderr]]) {
        if (!stream || typeof stream.write !== 'function') {
            throw make(TypeError, 'ERR_CONSOLE_WRITABLE_STREAM', `Console expects a writable stream instance for ${name}`);
        }
    }
    if (typeof colorMode !== 'boolean' && colorMode !== 'auto') throw invalidArgValue('colorMode', colorMode);
    if (groupIndentation !== undefined) validateInteger(groupIndentation, 'groupIndentation', 0, 1000);
    if (inspectOptions !== undefined) validateObject(inspectOptions, 'options.inspectOptions');
    const settings = { groupIndentation, inspectOptions: { ...(colorMode === true ? { colors: true } : {}), ...inspectOptions } };
    // Methods of the object first, so that a subclass may have its own.
    const own = methods(writesTo(stdout, stderr, ignoreErrors), settings);
    for (const name of Object.keys(own)) {
        if (new.target !== Console && Object.hasOwn(new.target.prototype, name)) continue;
        Object.defineProperty(this, name, { __proto__: null, value: own[name], writable: true, enumerable: true, configurable: true });
    }
}

const made = process[Symbol.for('meshlite.standardStreams')];

// A script that replaces `write` of an output sees the console's lines as well.
const console = methods((level, text) => {
    const stream = made?.[level < 2 ? 'stdout' : 'stderr'];
    if (stream !== undefined && Object.hasOwn(stream, 'write')) stream.write(`${text}\n`);
    else native.print(level, text);
});
console.Console = Console;
Object.defineProperty(Console.prototype, Symbol.toStringTag, { value: 'console', configurable: true });
Object.defineProperty(console, Symbol.toStringTag, { value: 'console', configurable: true });

module.exports = console;
