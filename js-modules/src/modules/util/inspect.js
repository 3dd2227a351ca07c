'use strict';

// util.inspect and util.format, as Node documents them.

const kCustom = Symbol.for('nodejs.util.inspect.custom');

// About how much text one call makes before it shows no deeper levels.
const MOST_TEXT = 2 ** 22;

// A script may replace them; what it prints must not depend on that.
const { keys: keysOf } = Object;

const defaults = {
    showHidden: false,
    depth: 2,
    colors: false,
    customInspect: true,
    showProxy: false, // accepted, without effect
    maxArrayLength: 100,
    maxStringLength: 10000,
    breakLength: 128,
    compact: 3,
    sorted: false,
    getters: false,
    numericSeparator: false,
};

const colors = {
    __proto__: null,
    reset: [0, 0], bold: [1, 22], dim: [2, 22], italic: [3, 23], underline: [4, 24], inverse: [7, 27],
    black: [30, 39], red: [31, 39], green: [32, 39], yellow: [33, 39], blue: [34, 39], magenta: [35, 39],
    cyan: [36, 39], white: [37, 39], gray: [90, 39], grey: [90, 39],
};

const builtins = new Set(Object.getOwnPropertyNames(globalThis)
    .map((name) => Object.getOwnPropertyDescriptor(globalThis, name).value)
    .filter((value) => typeof value === 'function'));
builtins.add(Object.getPrototypeOf(Uint8Array));

const styles = {
    __proto__: null,
    special: 'cyan', number: 'yellow', bigint: 'yellow', boolean: 'yellow', undefined: 'grey', null: 'bold',
    string: 'green', symbol: 'green', date: 'magenta', regexp: 'red', module: 'underline',
};

function inspect(value, options, ...old) {
    const ctx = { ...defaults, breakLength: 80, seen: [], circular: undefined, indentation: 0, current: 0, budget: 0 };
    if (typeof options === 'boolean') {
        [ctx.showHidden, ctx.depth = defaults.depth, ctx.colors = false] = [options, old[0], old[1]];
        if (old[0] === undefined) ctx.depth = defaults.depth;
    } else if (options) {
        for (const key of keysOf(options)) {
            if (key in defaults || key === 'stylize') ctx[key] = options[key];
            else ctx.extra = { ...ctx.extra, [key]: options[key] };
        }
    }
    ctx.stylize = ctx.colors ? colored : plain;
    if (ctx.maxArrayLength === null) ctx.maxArrayLength = Infinity;
    if (ctx.maxStringLength === null) ctx.maxStringLength = Infinity;
    if (ctx.depth === null) ctx.depth = Infinity;
    return formatValue(ctx, value, 0, true);
}

function plain(text) {
    return text;
}

function colored(text, style) {
    const color = colors[styles[style]];
    return color === undefined ? text : `\u001b[${color[0]}m${text}\u001b[${color[1]}m`;
}

// The lines with their ends. A pattern that looks behind is tried at each place anew, which takes seconds for one long
// line.
function lines(text) {
    const all = [];
    for (let from = 0; from < text.length;) {
        const end = text.indexOf('\n', from) + 1 || text.length;
        all.push(text.slice(from, end));
        from = end;
    }
    return all;
}

function quote(text) {
    let mark = "'";
    if (text.includes("'")) {
        if (!text.includes('"')) mark = '"';
        else if (!text.includes('`') && !text.includes('${')) mark = '`';
    }
    let out = mark;
    for (const char of text) {
        const code = char.codePointAt(0);
        if (char === mark || char === '\\') out += `\\${char}`;
        else if (code < 0x20 || (code >= 0x7F && code <= 0x9F)) {
            const short = { 8: '\\b', 9: '\\t', 10: '\\n', 12: '\\f', 13: '\\r', 11: '\\x0B' }[code];
            out += short ?? `\\x${code.toString(16).toUpperCase().padStart(2, '0')}`;
        } else if (code >= 0xD800 && code <= 0xDFFF) out += `\\u${code.toString(16).toUpperCase()}`;
        else out += char;
    }
    return out + mark;
}

function separated(text) {
    const [, sign, whole, fraction] = /^(-?)(\d+)(?:\.(\d+))?$/.exec(text) ?? [];
    if (whole === undefined) return text;
    const left = whole.replace(/\B(?=(\d{3})+(?!\d))/g, '_');
    return `${sign}${left}${fraction === undefined ? '' : `.${fraction.replace(/(\d{3})(?=\d)/g, '$1_')}`}`;
}

function formatNumber(ctx, value) {
    if (Object.is(value, -0)) return ctx.stylize('-0', 'number');
    return ctx.stylize(ctx.numericSeparator ? separated(String(value)) : String(value), 'number');
}

function formatPrimitive(ctx, value) {
    switch (typeof value) {
        case 'string': {
            let tail = '';
            let text = value;
            if (text.length > ctx.maxStringLength) {
                const left = text.length - ctx.maxStringLength;
                text = text.slice(0, ctx.maxStringLength);
                tail = `... ${left} more character${left > 1 ? 's' : ''}`;
            }
            // Long texts with line ends are shown as a sum of lines.
            if (ctx.compact !== true && text.length > 16 && text.length > ctx.breakLength - ctx.indentation - 4) {
                return lines(text).map((line) => ctx.stylize(quote(line), 'string'))
                    .join(` +\n${' '.repeat(ctx.indentation + 2)}`) + tail;
            }
            return ctx.stylize(quote(text), 'string') + tail;
        }
        case 'number': return formatNumber(ctx, value);
        case 'bigint': {
            const text = ctx.numericSeparator ? separated(String(value)) : String(value);
            return ctx.stylize(`${text}n`, 'bigint');
        }
        case 'boolean': return ctx.stylize(String(value), 'boolean');
        case 'undefined': return ctx.stylize('undefined', 'undefined');
        case 'symbol': return ctx.stylize(value.toString(), 'symbol');
        default: return ctx.stylize('null', 'null');
    }
}

function formatValue(ctx, value, depth, typed) {
    if (value === null || (typeof value !== 'object' && typeof value !== 'function')) return formatPrimitive(ctx, value);
    // The engine does not hand out the target of a proxy, so a proxy is shown by what its traps say.
    const kind = native.kind(value);
    if (ctx.customInspect) {
        const custom = value[kCustom];
        if (typeof custom === 'function' && custom !== inspect && !isPrototype(value)) {
            const left = ctx.depth - depth;
            const { seen, circular, indentation, current, budget, extra, stylize, ...options } = ctx;
            const shown = custom.call(value, left, { ...options, ...extra, stylize }, inspect);
            if (shown !== value) {
                if (typeof shown !== 'object' || shown === null) {
                    return typeof shown === 'string' ? shown.replaceAll('\n', `\n${' '.repeat(ctx.indentation)}`) : formatPrimitive(ctx, shown);
                }
                return formatValue(ctx, shown, depth);
            }
        }
    }
    if (ctx.seen.includes(value)) {
        ctx.circular ??= new Map();
        if (!ctx.circular.has(value)) ctx.circular.set(value, ctx.circular.size + 1);
        return ctx.stylize(`[Circular *${ctx.circular.get(value)}]`, 'special');
    }
    return formatRaw(ctx, value, kind, depth, typed);
}

function isPrototype(value) {
    return Object.hasOwn(value, 'constructor') && value.constructor?.prototype === value;
}

function constructorName(value) {
    for (let at = value; at !== null; at = Object.getPrototypeOf(at)) {
        const descriptor = Object.getOwnPropertyDescriptor(at, 'constructor');
        const constructor = descriptor?.value;
        if (typeof constructor === 'function' && constructor.name !== '' && isInstance(value, constructor)) {
            return constructor.name;
        }
    }
    return null;
}

function isInstance(value, constructor) {
    try {
        return value instanceof constructor;
    } catch {
        return false;
    }
}

function prefix(name, tag, fallback, size = '') {
    // Objects without a prototype that call themselves so are what `import` gives.
    if (name === null && tag === 'Module' && fallback === 'Object') return '[Module: null prototype] ';
    const base = name === null ? `[${fallback}${size}: null prototype] ` : `${name}${size} `;
    return tag !== '' && name !== tag ? `${base}[${tag}] ` : base;
}

function ownKeys(value, showHidden) {
    const symbols = Object.getOwnPropertySymbols(value);
    if (showHidden) {
        const names = Object.getOwnPropertyNames(value);
        return [...names, ...symbols];
    }
    return [...keysOf(value), ...symbols.filter((one) => Object.prototype.propertyIsEnumerable.call(value, one))];
}

function notIndex(key) {
    return typeof key === 'symbol' || !/^(0|[1-9]\d{0,9})$/.test(key) || Number(key) >= 2 ** 32 - 1;
}

function formatRaw(ctx, value, kind, depth, typed) {
    const name = constructorName(value);
    let tag = value[Symbol.toStringTag];
    if (typeof tag !== 'string' || (tag !== '' && (ctx.showHidden ? Object.hasOwn : Object.prototype.propertyIsEnumerable.call.bind(Object.prototype.propertyIsEnumerable))(value, Symbol.toStringTag))) tag = '';
    let keys;
    let braces = ['{', '}'];
    let base = '';
    let entries = () => [];
    let type = 'object';
    if (Array.isArray(value)) {
        keys = ownKeys(value, ctx.showHidden).filter((key) => notIndex(key) && (key !== 'length' || ctx.showHidden));
        const label = name !== 'Array' || tag !== '' ? prefix(name, tag, 'Array', `(${value.length})`) : '';
        braces = [`${label}[`, ']'];
        if (value.length === 0 && keys.length === 0) return `${braces[0]}]`;
        type = 'array';
        entries = () => formatArray(ctx, value, depth);
    } else if (kind === 'Set' || kind === 'Map') {
        keys = ownKeys(value, ctx.showHidden);
        const size = kind === 'Set' ? native.setSize(value) : native.mapSize(value);
        braces = [`${prefix(name, tag, kind, `(${size})`)}{`, '}'];
        entries = () => (kind === 'Set' ? formatSet(ctx, value, depth) : formatMap(ctx, value, depth));
        if (size === 0 && keys.length === 0) return `${braces[0]}}`;
    } else if (kind === 'TypedArray') {
        keys = ownKeys(value, ctx.showHidden).filter(notIndex);
        const fallback = native.typedName(value);
        braces = [`${prefix(name, tag, fallback, `(${value.length})`)}[`, ']'];
        if (value.length === 0 && keys.length === 0 && !ctx.showHidden) return `${braces[0]}]`;
        type = 'array';
        entries = () => formatTypedArray(ctx, value);
    } else if (kind === 'Map Iterator' || kind === 'Set Iterator') {
        keys = ownKeys(value, ctx.showHidden);
        braces = [`[${tag || kind}] {`, '}'];
    } else {
        keys = ownKeys(value, ctx.showHidden);
        if (kind === 'Arguments') {
            braces[0] = '[Arguments] {';
            if (keys.length === 0) return '[Arguments] {}';
        } else if (typeof value === 'function') {
            base = functionBase(value, name, tag);
            if (keys.length === 0) return ctx.stylize(base, 'special');
        } else if (kind === 'RegExp') {
            base = RegExp.prototype.toString.call(value);
            const label = prefix(name, tag, 'RegExp');
            if (label !== 'RegExp ') base = `${label}${base}`;
            if ((keys.length === 0) || depth > ctx.depth) return ctx.stylize(base, 'regexp');
        } else if (kind === 'Date') {
            base = Number.isNaN(Date.prototype.getTime.call(value)) ? 'Invalid Date' : Date.prototype.toISOString.call(value);
            const label = prefix(name, tag, 'Date');
            if (label !== 'Date ') base = `${label}${base}`;
            if (keys.length === 0) return ctx.stylize(base, 'date');
        } else if (kind === 'Error' || value instanceof Error) {
            base = errorBase(ctx, value, name, tag, keys);
            if (keys.length === 0) return base;
        } else if (kind === 'ArrayBuffer' || kind === 'SharedArrayBuffer') {
            keys = keys.filter((key) => key !== 'byteLength');
            braces[0] = `${prefix(name, tag, kind)}{`;
            entries = () => formatArrayBuffer(ctx, value);
        } else if (kind === 'DataView') {
            braces[0] = `${prefix(name, tag, kind)}{`;
            entries = () => ['byteLength', 'byteOffset', 'buffer'].map((key) => {
                ctx.indentation += 2;
                const shown = formatValue(ctx, value[key], depth + 1);
                ctx.indentation -= 2;
                return `${key}: ${shown}`;
            });
        } else if (kind === 'Promise') {
            braces[0] = `${prefix(name, tag, kind)}{`;
            entries = () => formatPromise(ctx, value, depth);
        } else if (kind === 'WeakMap' || kind === 'WeakSet') {
            braces[0] = `${prefix(name, tag, kind)}{`;
            entries = () => [ctx.stylize('<items unknown>', 'special')];
        } else if (kind === 'Generator') {
            braces[0] = `${prefix(name, tag, 'Generator')}{`;
        } else if (kind.startsWith('Boxed ')) {
            base = boxedBase(ctx, value, kind.slice(6), name, tag);
            if (kind === 'Boxed String') keys = keys.filter((key) => notIndex(key) && key !== 'length');
            if (keys.length === 0) return base;
        } else {
            const label = name === 'Object' && tag === '' ? '' : prefix(name, tag, 'Object');
            braces[0] = `${label}{`;
            if (keys.length === 0) return `${label}{}`;
        }
    }
    if (depth > ctx.depth) {
        const label = prefix(name, tag, kind === 'Array' ? 'Array' : 'Object').slice(0, -1);
        return ctx.stylize(`[${label.startsWith('[') ? label.slice(1, -1) : label}]`, 'special');
    }
    ctx.seen.push(value);
    ctx.current = depth;
    let output;
    try {
        output = entries();
        for (const key of keys) output.push(formatProperty(ctx, value, depth, key, type));
        if (ctx.showHidden) inheritedProperties(ctx, value, depth, output);
    } finally {
        ctx.seen.pop();
    }
    if (ctx.circular !== undefined) {
        const index = ctx.circular.get(value);
        if (index !== undefined) {
            const reference = ctx.stylize(`<ref *${index}>`, 'special');
            if (ctx.compact !== true) base = base === '' ? reference : `${reference} ${base}`;
            else braces[0] = `${reference} ${braces[0]}`;
        }
    }
    if (ctx.sorted) {
        const order = ctx.sorted === true ? undefined : ctx.sorted;
        if (type === 'object') output.sort(order);
        else if (keys.length > 1) {
            const sorted = output.slice(output.length - keys.length).sort(order);
            output.splice(output.length - keys.length, keys.length, ...sorted);
        }
    }
    const text = reduce(ctx, output, base, braces, type, depth, value);
    // A huge object costs memory before it costs patience.
    ctx.budget += text.length;
    if (ctx.budget > MOST_TEXT) ctx.depth = -1;
    return text;
}

// The engine prints classes as native code; what tells them from functions is the fixed prototype.
function isClass(value) {
    return Object.getOwnPropertyDescriptor(value, 'prototype')?.writable === false && !builtins.has(value);
}

function functionBase(value, name, tag) {
    const source = Function.prototype.toString.call(value);
    if (isClass(value)) {
        let text = `[class ${Object.hasOwn(value, 'name') && value.name ? value.name : '(anonymous)'}`;
        if (name !== 'Function' && name !== null) text += ` [${name}]`;
        if (tag !== '' && name !== tag) text += ` [${tag}]`;
        const parent = Object.getPrototypeOf(value);
        if (name === null) text += ' extends [null prototype]';
        else if (parent?.name) text += ` extends ${parent.name}`;
        return `${text}]`;
    }
    const type = /^async\s*(function\s*)?\*/.test(source) ? 'AsyncGeneratorFunction'
        : /^async\b/.test(source) ? 'AsyncFunction' : /^function\s*\*/.test(source) ? 'GeneratorFunction' : 'Function';
    let text = `[${type}`;
    if (name === null) text += ' (null prototype)';
    text += value.name === '' ? ' (anonymous)' : `: ${typeof value.name === 'string' ? value.name : String(value.name)}`;
    text += ']';
    if (name !== type && name !== null && name !== 'Function') text += ` ${name}`;
    if (tag !== '' && name !== tag && tag !== type) text += ` [${tag}]`;
    return text;
}

function errorBase(ctx, value, name, tag, keys) {
    const stack = value.stack ? String(value.stack) : Error.prototype.toString.call(value);
    for (const own of ['name', 'message', 'stack']) {
        const at = keys.indexOf(own);
        if (at >= 0 && stack.includes(String(value[own]))) keys.splice(at, 1);
    }
    if ('cause' in value && !keys.includes('cause')) keys.push('cause');
    if (Array.isArray(value.errors) && !keys.includes('errors')) keys.push('errors');
    let text = stack;
    const own = value.name === undefined ? 'Error' : String(value.name);
    // The name may have been changed after the stack was made, or be that of the class.
    if (name !== null && own === 'Error' && name !== 'Error' && text.startsWith('Error') && !text.split('\n', 1)[0].includes(name)) {
        text = `${name}${text.slice(5)}`;
    } else if (name !== null && name !== 'Error' && own.endsWith('Error') && !name.includes(own)
        && text.startsWith(own) && /^[:\n]?$/.test(text.charAt(own.length))) {
        text = `${name} [${own}]${text.slice(own.length)}`;
    }
    if (name === null) text = `[${own}: null prototype]${text.slice(own.length)}`;
    if (tag !== '' && name !== tag) text = text.replace(/^[^\n:]*/, (head) => `${head} [${tag}]`);
    const lines = text.split('\n');
    if (!lines.some((line) => line.startsWith('    at '))) text = `[${text}]`;
    if (ctx.indentation) text = text.replaceAll('\n', `\n${' '.repeat(ctx.indentation)}`);
    return text;
}

function boxedBase(ctx, value, kind, name, tag) {
    const primitive = kind === 'Symbol' ? Symbol.prototype.valueOf.call(value)
        : { String, Number, Boolean, BigInt }[kind].prototype.valueOf.call(value);
    let text = `[${kind}`;
    if (name !== kind) text += name === null ? ' (null prototype)' : ` (${name})`;
    text += `: ${formatPrimitive({ ...ctx, stylize: plain, maxStringLength: Infinity }, primitive)}]`;
    if (tag !== '' && tag !== name) text += ` [${tag}]`;
    return ctx.stylize(text, kind.toLowerCase());
}

function more(count) {
    return `... ${count} more item${count > 1 ? 's' : ''}`;
}

function formatArray(ctx, value, depth) {
    const output = [];
    const limit = Math.min(Math.max(0, ctx.maxArrayLength), value.length);
    let at = 0;
    while (at < value.length && output.length < limit) {
        if (Object.hasOwn(value, at)) {
            output.push(formatProperty(ctx, value, depth, String(at), 'item'));
            at++;
            continue;
        }
        const keys = value.length - at > 1000 ? keysOf(value).filter((key) => !notIndex(key) && Number(key) > at) : null;
        let end = at;
        if (keys) end = keys.length ? Number(keys[0]) : value.length;
        else while (end < value.length && !Object.hasOwn(value, end)) end++;
        output.push(ctx.stylize(`<${end - at} empty item${end - at > 1 ? 's' : ''}>`, 'undefined'));
        at = end;
    }
    if (at < value.length) output.push(more(value.length - at));
    return output;
}

function formatTypedArray(ctx, value) {
    const limit = Math.min(Math.max(0, ctx.maxArrayLength), value.length);
    const output = [];
    for (let at = 0; at < limit; at++) output.push(formatPrimitive(ctx, value[at]));
    if (value.length > limit) output.push(more(value.length - limit));
    if (ctx.showHidden) {
        for (const key of ['BYTES_PER_ELEMENT', 'length', 'byteLength', 'byteOffset', 'buffer']) {
            output.push(`[${key}]: ${formatValue(ctx, value[key], ctx.depth, true)}`);
        }
    }
    return output;
}

function formatArrayBuffer(ctx, value) {
    const bytes = new Uint8Array(value);
    const limit = Math.min(Math.max(0, ctx.maxArrayLength), bytes.length);
    let text = Array.from(bytes.subarray(0, limit), (byte) => byte.toString(16).padStart(2, '0')).join(' ');
    if (bytes.length > limit) text += ` ... ${bytes.length - limit} more byte${bytes.length - limit > 1 ? 's' : ''}`;
    return [`${ctx.stylize('[Uint8Contents]', 'special')}: <${text}>`, `byteLength: ${ctx.stylize(String(bytes.length), 'number')}`];
}

function formatSet(ctx, value, depth) {
    const output = [];
    const limit = Math.max(0, ctx.maxArrayLength);
    ctx.indentation += 2;
    for (const one of Set.prototype.values.call(value)) {
        if (output.length >= limit) {
            output.push(more(native.setSize(value) - limit));
            break;
        }
        output.push(formatValue(ctx, one, depth + 1));
    }
    ctx.indentation -= 2;
    return output;
}

function formatMap(ctx, value, depth) {
    const output = [];
    const limit = Math.max(0, ctx.maxArrayLength);
    ctx.indentation += 2;
    for (const [key, one] of Map.prototype.entries.call(value)) {
        if (output.length >= limit) {
            output.push(more(native.mapSize(value) - limit));
            break;
        }
        output.push(`${formatValue(ctx, key, depth + 1)} => ${formatValue(ctx, one, depth + 1)}`);
    }
    ctx.indentation -= 2;
    return output;
}

function formatPromise(ctx, value, depth) {
    const [state, result] = native.promiseState(value);
    if (state === 'pending') return [ctx.stylize('<pending>', 'special')];
    ctx.indentation += 2;
    const shown = formatValue(ctx, result, depth + 1);
    ctx.indentation -= 2;
    return [state === 'rejected' ? `${ctx.stylize('<rejected>', 'special')} ${shown}` : shown];
}

// What up to three prototypes of classes that are not built in hold: accessors and constants, no functions.
function inheritedProperties(ctx, value, depth, output) {
    const shown = new Set();
    let at = Object.getPrototypeOf(value);
    for (let level = 0; level < 3 && at !== null; level++, at = Object.getPrototypeOf(at)) {
        const constructor = Object.getOwnPropertyDescriptor(at, 'constructor')?.value;
        if (typeof constructor === 'function' && builtins.has(constructor)) return;
        for (const key of Reflect.ownKeys(at)) {
            if (key === 'constructor' || shown.has(key) || Object.hasOwn(value, key)) continue;
            const descriptor = Object.getOwnPropertyDescriptor(at, key);
            if (typeof descriptor.value === 'function') continue;
            shown.add(key);
            const text = formatProperty(ctx, value, depth, key, 'object', descriptor);
            output.push(ctx.colors ? `\u001b[2m${text}\u001b[22m` : text);
        }
    }
}

function formatProperty(ctx, value, depth, key, type, inherited) {
    const descriptor = inherited ?? Object.getOwnPropertyDescriptor(value, key)
        ?? { value: value[key], enumerable: true };
    let shown;
    if (descriptor.value !== undefined || (descriptor.get === undefined && descriptor.set === undefined)) {
        const deeper = ctx.compact !== true || type !== 'object' ? 2 : 3;
        ctx.indentation += deeper;
        shown = formatValue(ctx, descriptor.value, depth + 1);
        ctx.indentation -= deeper;
    } else if (descriptor.get !== undefined) {
        const label = descriptor.set !== undefined ? 'Getter/Setter' : 'Getter';
        const asked = ctx.getters === true || (ctx.getters === 'get' && descriptor.set === undefined)
            || (ctx.getters === 'set' && descriptor.set !== undefined);
        if (asked) {
            try {
                ctx.indentation += 2;
                const got = descriptor.get.call(value);
                shown = got === null || typeof got !== 'object'
                    ? `${ctx.stylize(`[${label}:`, 'special')} ${formatValue(ctx, got, depth + 1)}${ctx.stylize(']', 'special')}`
                    : `${ctx.stylize(`[${label}]`, 'special')} ${formatValue(ctx, got, depth + 1)}`;
            } catch (error) {
                shown = ctx.stylize(`[${label}: <Inspection threw (${error?.message})>]`, 'special');
            } finally {
                ctx.indentation -= 2;
            }
        } else shown = ctx.stylize(`[${label}]`, 'special');
    } else shown = descriptor.set !== undefined ? ctx.stylize('[Setter]', 'special') : ctx.stylize('undefined', 'undefined');
    if (type === 'item') return shown;
    let name;
    if (typeof key === 'symbol') name = `[${ctx.stylize(key.toString(), 'symbol')}]`;
    else if (key === '__proto__') name = "['__proto__']";
    else if (descriptor.enumerable === false) name = `[${key}]`;
    else if (/^[a-zA-Z_][a-zA-Z_0-9]*$/.test(key)) name = ctx.stylize(key, 'name');
    else name = ctx.stylize(quote(key), 'string');
    return `${name}: ${shown}`;
}

function width(text) {
    return stripVTControlCharacters(text).length;
}

// Lists of more than six short entries become columns.
function group(ctx, output, value) {
    const extra = ctx.maxArrayLength < output.length ? 1 : 0;
    const count = output.length - extra;
    const lengths = output.slice(0, count).map(width);
    let longest = 0;
    let total = 0;
    for (const length of lengths) {
        longest = Math.max(longest, length);
        total += length + 2;
    }
    const cell = longest + 2;
    if (cell * 3 + ctx.indentation >= ctx.breakLength || (total / cell <= 5 && longest > 6)) return output;
    const bias = Math.sqrt(cell - total / output.length);
    const square = Math.max(cell - 3 - bias, 1);
    const columns = Math.min(
        Math.round(Math.sqrt(2.5 * square * count) / square),
        Math.floor((ctx.breakLength - ctx.indentation) / cell),
        ctx.compact * 4,
        15,
    );
    if (columns <= 1) return output;
    const widths = [];
    for (let column = 0; column < columns; column++) {
        let most = 0;
        for (let at = column; at < count; at += columns) most = Math.max(most, lengths[at]);
        widths.push(most + 2);
    }
    const right = value !== undefined
        && Array.prototype.every.call(value.slice(0, count), (one) => typeof one === 'number' || typeof one === 'bigint');
    const rows = [];
    for (let at = 0; at < count; at += columns) {
        const end = Math.min(at + columns, count);
        let row = '';
        for (let cellAt = at; cellAt < end; cellAt++) {
            const last = cellAt === end - 1;
            const text = last ? output[cellAt] : `${output[cellAt]}, `;
            const pad = widths[cellAt - at] - lengths[cellAt] - 2;
            if (right) row += ' '.repeat(pad) + text;
            else row += last ? text : text + ' '.repeat(pad);
        }
        rows.push(row);
    }
    if (extra) rows.push(output[count]);
    return rows;
}

function reduce(ctx, output, base, braces, type, depth, value) {
    if (ctx.compact !== true) {
        let grouped = false;
        if (typeof ctx.compact === 'number' && ctx.compact >= 1) {
            const entries = output.length;
            if (type === 'array' && entries > 6) output = group(ctx, output, Array.isArray(value) ? value : undefined);
            grouped = entries !== output.length;
            // The innermost levels go on one line when they fit.
            if (ctx.current - depth < ctx.compact && !grouped) {
                const start = output.length + ctx.indentation + braces[0].length + base.length + 10;
                const total = output.reduce((sum, one) => sum + one.length, output.length + start);
                const oneLine = !output.some((one) => one.includes('\n'));
                if (oneLine && total <= ctx.breakLength && !base.includes('\n')) {
                    const inner = output.join(', ');
                    return `${base ? `${base} ` : ''}${braces[0]} ${inner} ${braces[1]}`;
                }
            }
        }
        const line = `\n${' '.repeat(ctx.indentation)}`;
        return `${base ? `${base} ` : ''}${braces[0]}${line}  ${output.join(`,${line}  `)}${line}${braces[1]}`;
    }
    const start = output.length + braces[0].length;
    const total = output.reduce((sum, one) => sum + one.length, output.length + start);
    if (total <= ctx.breakLength && (base === '' || !base.includes('\n'))) {
        return `${braces[0]}${base ? ` ${base}` : ''} ${output.join(', ')} ${braces[1]}`;
    }
    const line = `\n${' '.repeat(ctx.indentation)}`;
    const head = base === '' && braces[0].length === 1 ? ' ' : `${base ? ` ${base}` : ''}${line}  `;
    return `${braces[0]}${head}${output.join(`,${line}  `)} ${braces[1]}`;
}

// Commands to the terminal that carry a text, such as links, end with a mark of their own.
const TEXT_COMMAND = /(?:\u001b\]|\u009d)[^\u0007\u001b\u009c]*(?:\u0007|\u001b\\|\u009c)/g;

function stripVTControlCharacters(text) {
    if (typeof text !== 'string') throw require('internal/errors').invalidArgType('str', 'string', text);
    return text.includes('\u001b') || text.includes('\u009b') || text.includes('\u009d')
        ? text.replace(TEXT_COMMAND, '').replace(/[\u001b\u009b][[\]()#;?]*(?:(?:\d{1,4}(?:;\d{0,4})*)?[\dA-PR-TZcf-nq-uy=><~])/g, '') : text;
}

function hasOwnToString(value) {
    if (typeof value.toString !== 'function') return false;
    if (native.kind(value) === 'Error' || native.kind(value) === 'Date') return true;
    for (let at = value; at !== null; at = Object.getPrototypeOf(at)) {
        if (Object.hasOwn(at, 'toString')) {
            const constructor = Object.getOwnPropertyDescriptor(at, 'constructor')?.value;
            const builtin = typeof constructor === 'function' && builtins.has(constructor);
            return !builtin && at !== Object.prototype;
        }
    }
    return false;
}

function formatWithOptions(options, ...args) {
    const [first] = args;
    const numbers = { numericSeparator: options?.numericSeparator ?? defaults.numericSeparator, stylize: plain };
    let at = 0;
    let text = '';
    if (typeof first === 'string') {
        if (args.length === 1) return first;
        at = 1;
        text = first.replace(/%[sdifjoOc%]/g, (mark) => {
            if (mark === '%%') return '%';
            if (at >= args.length) return mark;
            const value = args[at++];
            switch (mark[1]) {
                case 's':
                    if (typeof value === 'number') return formatNumber(numbers, value);
                    if (typeof value === 'bigint') return formatPrimitive(numbers, value);
                    if (typeof value !== 'object' || value === null || hasOwnToString(value)) return String(value);
                    return inspect(value, { ...options, depth: 0, colors: false, compact: 3 });
                case 'j':
                    try {
                        return JSON.stringify(value);
                    } catch (error) {
                        if (/cyclic|circular/i.test(error.message)) return '[Circular]';
                        throw error;
                    }
                case 'd':
                    if (typeof value === 'bigint') return formatPrimitive(numbers, value);
                    return typeof value === 'symbol' ? 'NaN' : formatNumber(numbers, Number(value));
                case 'i':
                    if (typeof value === 'bigint') return formatPrimitive(numbers, value);
                    return typeof value === 'symbol' ? 'NaN' : formatNumber(numbers, parseInt(value, 10));
                case 'f': return typeof value === 'symbol' ? 'NaN' : formatNumber(numbers, parseFloat(value));
                case 'o': return inspect(value, { ...options, showHidden: true, showProxy: true, depth: 4 });
                case 'O': return inspect(value, options);
                default: return '';
            }
        });
        // A lone %% stays two when nothing was put in; with arguments it is one.
    }
    for (; at < args.length; at++) {
        const value = args[at];
        const shown = typeof value === 'string' ? value : inspect(value, { ...options });
        text += at === 0 ? shown : ` ${shown}`;
    }
    return text;
}

inspect.custom = kCustom;
inspect.defaultOptions = defaults;
inspect.colors = colors;
inspect.styles = styles;

exports.inspect = inspect;
exports.formatWithOptions = formatWithOptions;
exports.format = (...args) => formatWithOptions({}, ...args);
exports.stripVTControlCharacters = stripVTControlCharacters;
