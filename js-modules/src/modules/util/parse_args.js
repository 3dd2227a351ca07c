'use strict';

// util.parseArgs: options and positionals of a command line.

const { invalidArgType, invalidArgValue, make, validateObject } = require('internal/errors');

function checkedOptions(options) {
    validateObject(options, 'options');
    for (const [name, option] of Object.entries(options)) {
        const at = `options.${name}`;
        validateObject(option, at);
        if (option.type !== 'string' && option.type !== 'boolean') {
            throw invalidArgType(`${at}.type`, "('string|boolean')", option.type);
        }
        if (Object.hasOwn(option, 'short')) {
            if (typeof option.short !== 'string') throw invalidArgType(`${at}.short`, 'string', option.short);
            if (option.short.length !== 1) throw invalidArgValue(`${at}.short`, option.short, 'must be a single character');
        }
        const multiple = Object.hasOwn(option, 'multiple') ? option.multiple : false;
        if (typeof multiple !== 'boolean') throw invalidArgType(`${at}.multiple`, 'boolean', multiple);
        const value = option.default;
        if (value === undefined) continue;
        if (!multiple) {
            if (typeof value !== option.type) throw invalidArgType(`${at}.default`, option.type, value);
            continue;
        }
        if (!Array.isArray(value)) throw invalidArgType(`${at}.default`, 'Array', value);
        value.forEach((one, index) => {
            if (typeof one !== option.type) throw invalidArgType(`${at}.default[${index}]`, option.type, one);
        });
    }
    return options;
}

function parseArgs(config = {}) {
    validateObject(config, 'config');
    const given = (name, fallback) => (Object.hasOwn(config, name) && config[name] !== undefined ? config[name] : fallback);
    const args = given('args', process.argv.slice(2));
    const strict = given('strict', true);
    const positionalsAllowed = given('allowPositionals', !strict);
    const wantTokens = given('tokens', false);
    const negative = given('allowNegative', false);
    if (!Array.isArray(args)) throw invalidArgType('args', 'Array', args);
    for (const [name, value] of Object.entries({ strict, allowPositionals: positionalsAllowed, tokens: wantTokens, allowNegative: negative })) {
        if (typeof value !== 'boolean') throw invalidArgType(name, 'boolean', value);
    }
    const options = checkedOptions(given('options', {}));
    const shorts = new Map();
    for (const [name, option] of Object.entries(options)) if (option.short) shorts.set(option.short, name);
    const typeOf = (name) => (Object.hasOwn(options, name) ? options[name].type : undefined);
    const tokens = tokenize(args, options, shorts, typeOf, negative);
    const result = { values: { __proto__: null }, positionals: [] };
    if (wantTokens) result.tokens = tokens;
    for (const token of tokens) {
        if (token.kind === 'option') {
            if (strict) check(token, options, typeOf, positionalsAllowed, negative);
            store(token, options, result.values, negative);
        } else if (token.kind === 'positional') {
            if (!positionalsAllowed) {
                throw make(TypeError, 'ERR_PARSE_ARGS_UNEXPECTED_POSITIONAL',
                    `Unexpected argument '${token.value}'. This command does not take positional arguments`);
            }
            result.positionals.push(token.value);
        }
    }
    for (const [name, option] of Object.entries(options)) {
        if (option.default !== undefined && result.values[name] === undefined) result.values[name] = option.default;
    }
    return result;
}

function tokenize(args, options, shorts, typeOf, negative) {
    const tokens = [];
    const option = (name, rawName, index, value, inlineValue) => tokens.push({ kind: 'option', name, rawName, index, value, inlineValue });
    // A value may come from the next argument.
    for (let index = 0; index < args.length; index++) {
        const arg = `${args[index]}`;
        const next = args[index + 1];
        if (arg === '--') {
            tokens.push({ kind: 'option-terminator', index });
            for (let at = index + 1; at < args.length; at++) tokens.push({ kind: 'positional', index: at, value: args[at] });
            break;
        }
        if (arg.startsWith('--') && arg.length > 2) {
            const at = arg.indexOf('=', 3);
            if (at >= 0) option(arg.slice(2, at), arg.slice(0, at), index, arg.slice(at + 1), true);
            else {
                const name = arg.slice(2);
                const bare = negative && name.startsWith('no-') && typeOf(name) === undefined;
                if (!bare && typeOf(name) === 'string' && next !== undefined) option(name, arg, index++, next, false);
                else option(name, arg, index, undefined, undefined);
            }
        } else if (arg.startsWith('-') && arg.length > 1) {
            index = group(arg, next, index);
        } else tokens.push({ kind: 'positional', index, value: args[index] });
    }
    return tokens;

    // -abc is -a -b -c, until one of them takes the rest as its value.
    function group(arg, next, index) {
        for (let at = 1; at < arg.length; at++) {
            const short = arg[at];
            const name = shorts.get(short) ?? short;
            if (typeOf(name) === 'string') {
                if (at < arg.length - 1) {
                    option(name, `-${short}`, index, arg.slice(at + 1), true);
                    return index;
                }
                if (next !== undefined) {
                    option(name, `-${short}`, index, next, false);
                    return index + 1;
                }
            }
            option(name, `-${short}`, index, undefined, undefined);
        }
        return index;
    }
}

function check(token, options, typeOf, positionalsAllowed, negative) {
    let { name } = token;
    if (negative && name.startsWith('no-') && typeOf(name) === undefined && typeOf(name.slice(3)) !== undefined) name = name.slice(3);
    const type = typeOf(name);
    if (type === undefined) {
        const hint = positionalsAllowed
            ? `. To specify a positional argument starting with a '-', place it at the end of the command after '--', as in '-- "${token.rawName}"'` : '';
        throw make(TypeError, 'ERR_PARSE_ARGS_UNKNOWN_OPTION', `Unknown option '${token.rawName}'${hint}`);
    }
    const { short } = options[name];
    const shown = `${short ? `-${short}, ` : ''}--${name}`;
    const bad = (message) => make(TypeError, 'ERR_PARSE_ARGS_INVALID_OPTION_VALUE', message);
    if (type === 'string' && typeof token.value !== 'string') throw bad(`Option '${shown} <value>' argument missing`);
    if (type === 'boolean' && token.value !== undefined && token.value !== null) throw bad(`Option '${shown}' does not take an argument`);
    if (type === 'string' && token.inlineValue === false && token.value.length > 1 && token.value.startsWith('-')) {
        const example = token.rawName.startsWith('--') ? `'${token.rawName}=-XYZ'` : `'--${name}=-XYZ' or '${token.rawName}-XYZ'`;
        throw bad(`Option '${token.rawName}' argument is ambiguous.\nDid you forget to specify the option argument for '${token.rawName}'?\n`
            + `To specify an option argument starting with a dash use ${example}.`);
    }
}

function store(token, options, values, negative) {
    let { name } = token;
    let value = token.value ?? true;
    if (name === '__proto__') return;
    if (negative && value === true && name.startsWith('no-') && !Object.hasOwn(options, name)) [name, value] = [name.slice(3), false];
    if (Object.hasOwn(options, name) && options[name].multiple) (values[name] ??= []).push(value);
    else values[name] = value;
}

exports.parseArgs = parseArgs;
